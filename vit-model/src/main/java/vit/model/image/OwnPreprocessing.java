package vit.model.image;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import vit.model.InputException;
import vit.model.json.JsonArray;
import vit.model.json.JsonKind;
import vit.model.json.JsonObject;
import vit.model.json.JsonValue;

/**
 * The field {@code preprocess} of this project's own form of configuration: a preset's name, or an object with every component of
 * {@link Preprocessing}. It can express what neither Hugging Face's nor timm's form can, so that a trained model sees images as it saw them in
 * training.
 */
final class OwnPreprocessing {

    static final String FIELD = "preprocess";

    private OwnPreprocessing() {}

    static Preprocessing read(JsonValue value) throws InputException {
        if (value.kind() != JsonKind.OBJECT) {
            return Preprocessing.named(value.text());
        }
        JsonObject json = value.object();
        int[] resize = size(json, "resize");
        int[] output = size(json, "output");
        try {
            return new Preprocessing(json.source(), word(json, "fit", Fit.values()), resize[0], resize[1], json.number("crop_fraction"),
                    output[0], output[1], word(json, "filter", Filter.values()), word(json, "convention", Convention.values()),
                    new Normalization(json.number("scale"), three(json, "mean"), three(json, "std")));
        } catch (IllegalArgumentException e) {
            throw value.fault().cause(e).expected("preprocessing that can be computed").found(e.getMessage()).because("the preprocessing is impossible");
        }
    }

    /** Height and width; absent: 0. */
    private static int[] size(JsonObject json, String name) throws InputException {
        Optional<JsonArray> size = json.optionalArray(name);
        if (size.isEmpty()) {
            return new int[2];
        }
        int[] sides = size.get().integers();
        if (sides.length != 2) {
            throw json.fault(name).expected("[height, width]").found(sides.length + " values").because("the size is not a pair");
        }
        return sides;
    }

    private static List<Double> three(JsonObject json, String name) throws InputException {
        return TimmPreprocessing.triple(json, name, List.of());
    }

    private static <E extends Enum<E>> E word(JsonObject json, String name, E[] values) throws InputException {
        String text = json.text(name);
        for (E value : values) {
            if (word(value).equals(text)) {
                return value;
            }
        }
        throw json.fault(name).expected("one of " + String.join(", ", java.util.Arrays.stream(values).map(OwnPreprocessing::word).toList()))
                .found(text).because("the value is not supported");
    }

    private static String word(Enum<?> value) {
        return value.name().toLowerCase(Locale.ROOT);
    }

    /** The field's value for {@code p}: the name of an equivalent preset if there is one, otherwise an object. */
    static Object write(Preprocessing p) {
        for (String preset : Preprocessing.names()) {
            if (p.withName(preset).equals(Presets.find(preset))) {
                return preset;
            }
        }
        Map<String, Object> fields = new LinkedHashMap<>();
        fields.put("fit", word(p.fit()));
        if (p.resizeHeight() != 0) {
            fields.put("resize", new int[] {p.resizeHeight(), p.resizeWidth()});
        }
        fields.put("crop_fraction", p.cropFraction());
        if (p.outputHeight() != 0) {
            fields.put("output", new int[] {p.outputHeight(), p.outputWidth()});
        }
        fields.put("filter", word(p.filter()));
        fields.put("convention", word(p.convention()));
        fields.put("scale", p.normalization().scale());
        fields.put("mean", p.normalization().mean());
        fields.put("std", p.normalization().std());
        return fields;
    }
}
