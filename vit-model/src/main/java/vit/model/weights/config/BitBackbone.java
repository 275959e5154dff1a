package vit.model.weights.config;

import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import vit.model.InputException;
import vit.model.config.BackboneConfig.Stage;
import vit.model.json.JsonArray;
import vit.model.json.JsonKind;
import vit.model.json.JsonObject;
import vit.model.json.JsonValue;
import vit.model.json.Relaxed;
import vit.model.weights.config.ConfigField.Backbone;

/**
 * The field {@code backbone_config} of Hugging Face's hybrid: a BiT network. What the field leaves out has the default of {@code BitConfig}, and if the
 * field itself is missing, {@code ViTHybridConfig} takes the network of ViT-B/16 on a ResNet-50.
 */
final class BitBackbone {

    private static final int[] HIDDEN_SIZES = {256, 512, 1024, 2048};
    private static final int[] DEPTHS = {3, 4, 6, 3};

    /** Fields of which one value is computed. The default of the class is another for some of them, so they must be stated. */
    private static final Map<String, String> WORDS = Map.of("layer_type", "bottleneck", "global_padding", "same", "hidden_act", "relu");

    private BitBackbone() {}

    /** States the backbone of the hybrid {@code json}. */
    static void state(JsonObject json, ConfigFields fields) throws InputException {
        JsonObject bit = json.optionalObject("backbone_config").orElse(null);
        if (bit == null) {
            fields.state(ConfigField.BACKBONE, new Backbone(64, List.of(new Stage(3, 256), new Stage(4, 512), new Stage(9, 1024))), json.get("backbone_config"));
            return;
        }
        requirePlain(bit);
        int[] channels = numbers(bit, "hidden_sizes", HIDDEN_SIZES);
        int[] depths = numbers(bit, "depths", DEPTHS);
        int used = stages(bit, depths.length);
        if (channels.length < used) {
            throw bit.fault("hidden_sizes").expected(used + " values, one for each stage").found(channels.length + " values").because("the backbone is not complete");
        }
        List<Stage> stages = new ArrayList<>();
        for (int s = 0; s < used; s++) {
            stages.add(Backbone.stage(bit.get("depths"), depths[s], channels[s]));
        }
        int width = bit.has("embedding_size") ? ConfigField.atLeast(1, bit.get("embedding_size")) : 64;
        fields.state(ConfigField.BACKBONE, new Backbone(width, List.copyOf(stages)), json.get("backbone_config"));
        int groups = bit.has("num_groups") ? ConfigField.atLeast(1, bit.get("num_groups")) : 32;
        fields.state(ConfigField.BACKBONE_GROUPS, groups, bit.get("num_groups"));
    }

    private static void requirePlain(JsonObject bit) throws InputException {
        for (Map.Entry<String, String> word : WORDS.entrySet()) {
            boolean assumed = word.getKey().equals("hidden_act") && !bit.has(word.getKey());
            String found = assumed ? word.getValue() : Relaxed.text(bit, word.getKey(), "none").toLowerCase(Locale.ROOT);
            if (!found.equals(word.getValue())) {
                throw notComputed(bit, word.getKey(), word.getValue(), found);
            }
        }
        if (!Relaxed.flag(bit, "embedding_dynamic_padding", false)) {
            throw notComputed(bit, "embedding_dynamic_padding", "true", "false");
        }
        int factor = Relaxed.integer(bit, "width_factor", 1);
        if (factor != 1) {
            throw notComputed(bit, "width_factor", "1", String.valueOf(factor));
        }
    }

    private static InputException notComputed(JsonObject bit, String field, String expected, String found) throws InputException {
        return bit.fault(field).expected(expected).found(found).because("this version does not compute such a backbone");
    }

    /** The number of stages: the last that is given out. */
    private static int stages(JsonObject bit, int all) throws InputException {
        if (!bit.has("out_features")) {
            return all;
        }
        JsonArray outputs = bit.array("out_features");
        String last = outputs.size() == 0 ? "nothing" : Relaxed.text(outputs.get(outputs.size() - 1));
        int stage = last.matches("stage[1-9]") ? last.charAt(last.length() - 1) - '0' : 0;
        if (stage < 1 || stage > all) {
            throw bit.fault("out_features").expected("one of stage1 … stage" + all).found(last).because("the backbone has no such stage");
        }
        return stage;
    }

    private static int[] numbers(JsonObject bit, String field, int[] usual) throws InputException {
        if (!bit.has(field)) {
            return usual;
        }
        JsonValue value = bit.get(field);
        if (value.kind() != JsonKind.ARRAY) {
            throw value.fault().expected("a list").found(value.kind()).because("the field is not a list");
        }
        int[] numbers = new int[value.array().size()];
        for (int i = 0; i < numbers.length; i++) {
            numbers[i] = ConfigField.atLeast(1, value.array().get(i));
        }
        return numbers;
    }
}
