package vit.model.weights;

import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import vit.model.config.BackboneConfig;
import vit.model.config.VitConfig;
import vit.model.config.VitVariants;
import vit.model.json.JsonKind;
import vit.model.json.JsonValue;
import vit.model.weights.config.ConfigFile;
import vit.model.weights.family.Signs;
import vit.model.weights.family.WeightFamily;

/**
 * What a weight file was taken for, and why. Immutable.
 *
 * @param architecture for people: the model's name, the library after which its tensors are called, and its size, for example
 *                     {@code CLIP image tower (Hugging Face), ViT-B/16}. The name is that of the configuration if it has one
 * @param reasons      what decided for it: the tensors by which the family was recognised, and the field of the configuration or that there is none
 * @param origins      by field of the configuration in our own form, where its value comes from: a tensor, a field of the file's configuration, or what is
 *                     usual for the family
 */
public record Recognition(String architecture, List<String> reasons, Map<String, String> origins) {

    /** The beginning of the origin of a value that no file tells. */
    public static final String USUAL = "usual for ";

    public Recognition {
        reasons = List.copyOf(reasons);
        origins = Collections.unmodifiableMap(new LinkedHashMap<>(origins));
    }

    /** The recognition of a model that comes from no file. */
    static Recognition ofNoFile(String family) {
        return new Recognition(family, List.of(), Map.of());
    }

    /**
     * The recognition of a file.
     *
     * @param family the family under whose names the file is read
     * @param signs  those that held when the family was chosen
     */
    static Recognition of(WeightFamily family, Signs signs, ConfigFile stated, VitConfig config, Map<String, String> origins) {
        String name = stated.model() != null ? stated.model() : family.title(config);
        return new Recognition(name + " (" + family.library() + "), " + size(config), List.of(signs.toString(), naming(stated)), origins);
    }

    /** The field that names the model. */
    private static String naming(ConfigFile stated) {
        if (stated.form() == ConfigFile.Form.NONE) {
            return "no configuration";
        }
        JsonValue field = stated.naming();
        String value = field.kind() == JsonKind.TEXT ? " " + field : "";
        return (field.kind() == JsonKind.ABSENT ? "no " : "") + field.path() + value + " in the configuration";
    }

    private static String size(VitConfig config) {
        return backbone(config.stem().backbone()) + VitVariants.size(config).map(letter -> "ViT-" + letter + "/" + config.patchPixels())
                .orElseGet(() -> "width " + config.width() + ", depth " + config.depth() + ", heads " + config.heads() + ", patch " + config.patchPixels());
    }

    /** A hybrid's network by its number of layers, as in {@code R50+ViT-B/16}: the first convolution, three in each bottleneck, and the projection. */
    private static String backbone(BackboneConfig backbone) {
        return backbone == null ? "" : backbone.stages().isEmpty() ? "R+" : "R" + (3 * backbone.bottlenecks().size() + 2) + "+";
    }
}
