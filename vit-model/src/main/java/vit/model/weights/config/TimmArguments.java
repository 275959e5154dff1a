package vit.model.weights.config;

import java.util.Locale;
import java.util.Map;
import java.util.Set;
import vit.kernels.gelu.GeluKind;
import vit.model.InputException;
import vit.model.config.VitConfig.Pooling;
import vit.model.json.JsonKind;
import vit.model.json.JsonValue;
import vit.model.json.Relaxed;

/** The arguments of timm's {@code VisionTransformer}: which of their values this library can compute, and what the others stand for. */
final class TimmArguments {

    /** Arguments that {@link TimmConfig} uses, or that matter only to training and to images of other sizes. */
    private static final Set<String> KNOWN = Set.of("img_size", "patch_size", "in_chans", "num_classes", "global_pool", "embed_dim", "depth", "num_heads",
            "mlp_ratio", "qkv_bias", "init_values", "class_token", "no_embed_class", "reg_tokens", "fc_norm", "pool_include_prefix", "act_layer", "norm_eps",
            "distilled", "dynamic_img_size", "dynamic_img_pad", "strict_img_size", "drop_rate", "pos_drop_rate", "patch_drop_rate", "proj_drop_rate",
            "attn_drop_rate", "drop_path_rate", "weight_init", "fix_init");

    /** A flag of which only one value is computed: that value, and what the other value stands for. */
    private record Only(boolean value, String otherwise) {}

    private static final Map<String, Only> FLAGS = Map.of(
            "qk_norm", new Only(false, "norms of queries and keys"),
            "pre_norm", new Only(false, "a LayerNorm before the blocks"),
            "final_norm", new Only(true, "no norm after the blocks"),
            "proj_bias", new Only(true, "projections without bias"),
            "scale_attn_norm", new Only(false, "a norm inside attention"),
            "scale_mlp_norm", new Only(false, "a norm inside the MLP"));

    private static final Map<String, String> BLOCKS = Map.of(
            "ResPostBlock", "LayerNorms after attention and MLP (residual post-norm)",
            "ParallelScalingBlock", "attention and MLP in parallel",
            "DiffParallelScalingBlock", "differential attention and MLP in parallel",
            "ParallelThingsBlock", "several attentions and MLPs in parallel");

    private static final Map<String, GeluKind> ACTIVATIONS = Map.of("gelu", GeluKind.ERF, "gelu_tanh", GeluKind.TANH);

    private static final Map<String, String> POOLINGS = Map.of("map", "pooling by attention (map)", "max", "pooling by the maximum",
            "avgmax", "pooling by mean and maximum", "prr", "pooling by attention (prr)");

    private TimmArguments() {}

    /** The exception for a model that has {@code part}, which is not computed here. */
    static InputException notComputed(JsonValue origin, String part) {
        return origin.fault().expected("a ViT of plain blocks").found(origin).because("the model has " + part + ", which this version does not compute");
    }

    /**
     * Requires that an argument's value is computed here.
     *
     * @param value  the value
     * @param origin the field that states it, or the architecture's name
     */
    static void check(String name, JsonValue value, JsonValue origin) throws InputException {
        if (FLAGS.containsKey(name)) {
            Only only = FLAGS.get(name);
            if (Relaxed.flag(value) != only.value) {
                throw notComputed(origin, only.otherwise);
            }
            return;
        }
        switch (name) {
            case "norm_layer", "embed_norm_layer" -> norm(name, value, origin);
            case "block_fn" -> block(value, origin);
            case "mlp_layer" -> word(value, origin, "Mlp", "another MLP");
            case "attn_layer" -> word(value, origin, "Attention", "another attention");
            case "embed_layer" -> word(value, origin, "PatchEmbed", "another patch embedding");
            case "pos_embed" -> word(value, origin, "learn", "no learned positions");
            default -> {
                if (!KNOWN.contains(name)) {
                    throw origin.fault().expected("only arguments of the plain ViT").found(name).because("this argument makes a model that is not supported");
                }
            }
        }
    }

    private static void word(JsonValue value, JsonValue origin, String only, String otherwise) throws InputException {
        String word = Relaxed.text(value);
        if (!word.equalsIgnoreCase(only)) {
            String part = word.startsWith("SwiGLU") ? "a gated MLP (" + word + ")" : word.equals("diff") ? "differential attention" : otherwise + " (" + word + ")";
            throw notComputed(origin, part);
        }
    }

    private static void block(JsonValue value, JsonValue origin) throws InputException {
        String kind = Relaxed.text(value);
        if (!kind.equals("Block")) {
            throw notComputed(origin, BLOCKS.getOrDefault(kind, "blocks of the kind " + kind));
        }
    }

    /** Checks the name of a norm; like timm, without regard to case and underscores. */
    private static void norm(String argument, JsonValue value, JsonValue origin) throws InputException {
        String plain = Relaxed.text(value).replace("_", "").toLowerCase(Locale.ROOT);
        boolean layerNorm = plain.equals("layernorm") || plain.equals("layernormfp32");
        if (!layerNorm || argument.equals("embed_norm_layer")) {
            throw notComputed(origin, argument.equals("embed_norm_layer") ? "a norm of the patch embedding" : "norms of the kind " + Relaxed.text(value));
        }
    }

    /** The GELU that {@code act_layer} names. */
    static GeluKind activation(JsonValue value, JsonValue origin) throws InputException {
        String name = Relaxed.text(value).toLowerCase(Locale.ROOT);
        if (!ACTIVATIONS.containsKey(name)) {
            throw notComputed(origin, "the activation " + name);
        }
        return ACTIVATIONS.get(name);
    }

    /** The pooling that {@code global_pool} names. Without pooling timm returns all tokens, and users of the features take the class token. */
    static Pooling pooling(JsonValue value, JsonValue origin, Pooling mean) throws InputException {
        String name = value.kind() == JsonKind.FLAG && !value.flag() ? "" : Relaxed.text(value);
        if (POOLINGS.containsKey(name)) {
            throw notComputed(origin, POOLINGS.get(name));
        }
        return switch (name) {
            case "", "token" -> Pooling.TOKEN;
            case "avg" -> mean;
            default -> throw value.fault().expected("token or avg").found(name).because("there is no such pooling");
        };
    }
}
