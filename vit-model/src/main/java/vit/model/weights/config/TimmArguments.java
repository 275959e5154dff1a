package vit.model.weights.config;

import java.util.Locale;
import java.util.Map;
import java.util.Set;
import vit.kernels.gelu.GeluKind;
import vit.model.InputException;
import vit.model.config.MlpConfig;
import vit.model.config.NormKind;
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
            "attn_drop_rate", "drop_path_rate", "weight_init", "fix_init", "qk_norm", "pre_norm", "final_norm", "proj_bias", "scale_attn_norm",
            "scale_mlp_norm", "norm_layer", "mlp_layer", "use_abs_pos_emb", "use_rel_pos_bias", "use_shared_rel_pos_bias", "use_rot_pos_emb", "rope_type",
            "rope_temperature", "ref_feat_shape", "backbone", "swiglu_mlp", "scale_mlp", "scale_attn_inner", "qkv_fused");

    /** A flag of which only one value is computed: that value, and what the other value stands for. */
    private record Only(boolean value, String otherwise) {}

    private static final Map<String, Only> FLAGS = Map.of("use_post_norm", new Only(false, "LayerNorms after attention and MLP"),
            "rotate_half", new Only(false, "rotary positions of another kind"), "dynamic_img_size_rope", new Only(false, "rotary positions of another kind"));

    private static final Map<String, String> BLOCKS = Map.of(
            "ResPostBlock", "LayerNorms after attention and MLP (residual post-norm)",
            "ParallelScalingBlock", "attention and MLP in parallel",
            "DiffParallelScalingBlock", "differential attention and MLP in parallel",
            "ParallelThingsBlock", "several attentions and MLPs in parallel");

    private static final Map<String, GeluKind> ACTIVATIONS = Map.of("gelu", GeluKind.ERF, "gelu_tanh", GeluKind.TANH, "quick_gelu", GeluKind.QUICK);

    private static final Map<String, String> POOLINGS = Map.of("prr", "pooling by attention (prr)");

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
            case "embed_norm_layer" -> throw notComputed(origin, "a norm of the patch embedding");
            case "block_fn" -> block(value, origin);
            case "rope_type" -> rotary(value, origin);
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
            throw notComputed(origin, word.equals("diff") ? "differential attention" : otherwise + " (" + word + ")");
        }
    }

    private static void rotary(JsonValue value, JsonValue origin) throws InputException {
        String kind = Relaxed.text(value);
        if (!kind.isEmpty() && !kind.equals("cat") && !kind.equals("dinov3")) {
            throw notComputed(origin, "rotary positions of the kind " + kind);
        }
    }

    /** Whether {@code mlp_layer} names a gated MLP whose hidden features count gate and value. */
    static boolean isPacked(JsonValue value) throws InputException {
        return Relaxed.text(value).equalsIgnoreCase("swiglupacked");
    }

    /** The MLP that {@code mlp_layer} names. */
    static MlpConfig.Kind mlp(JsonValue value, JsonValue origin) throws InputException {
        String name = Relaxed.text(value).toLowerCase(Locale.ROOT);
        return switch (name) {
            case "mlp" -> MlpConfig.Kind.GELU;
            case "swiglupacked", "swiglu" -> MlpConfig.Kind.SWIGLU;
            default -> throw notComputed(origin, "another MLP (" + Relaxed.text(value) + ")");
        };
    }

    private static void block(JsonValue value, JsonValue origin) throws InputException {
        String kind = Relaxed.text(value);
        if (!kind.equals("Block")) {
            throw notComputed(origin, BLOCKS.getOrDefault(kind, "blocks of the kind " + kind));
        }
    }

    /** The norm that {@code norm_layer} names; like timm, without regard to case and underscores. */
    static NormKind norm(JsonValue value, JsonValue origin) throws InputException {
        String plain = Relaxed.text(value).replace("_", "").toLowerCase(Locale.ROOT);
        return switch (plain) {
            case "layernorm", "layernormfp32" -> NormKind.LAYER;
            case "rmsnorm" -> NormKind.RMS;
            default -> throw notComputed(origin, "norms of the kind " + Relaxed.text(value));
        };
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
    static Pooling pooling(JsonValue value, JsonValue origin, boolean withPrefix) throws InputException {
        String name = value.kind() == JsonKind.FLAG && !value.flag() ? "" : Relaxed.text(value);
        if (POOLINGS.containsKey(name)) {
            throw notComputed(origin, POOLINGS.get(name));
        }
        return switch (name) {
            case "", "token" -> Pooling.TOKEN;
            case "avg" -> withPrefix ? Pooling.ALL_MEAN : Pooling.PATCH_MEAN;
            case "max" -> withPrefix ? Pooling.ALL_MAX : Pooling.PATCH_MAX;
            case "avgmax" -> withPrefix ? Pooling.ALL_MEAN_MAX : Pooling.PATCH_MEAN_MAX;
            case "map" -> withPrefix ? Pooling.ALL_ATTENTION : Pooling.PATCH_ATTENTION;
            default -> throw value.fault().expected("token, avg, max, avgmax or map").found(name).because("there is no such pooling");
        };
    }
}
