package vit.model.parameters;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import vit.kernels.patchembed.PatchOrder;
import vit.kernels.tensor.Shape;
import vit.model.config.VitConfig;
import vit.model.config.VitConfig.FinalNorm;
import vit.model.config.VitConfig.Positions;
import vit.model.parameters.Parameter.Kind;

/**
 * The learned tensors of a model, enumerated once, in the order of the forward pass. Loader, writer, optimiser, gradient check
 * and inspector all walk this list. Immutable.
 *
 * <!-- given: VitModel model -->
 * <pre>{@code
 * for (Parameter parameter : Parameters.of(model.config()).list()) {
 *     System.out.println(parameter.name() + " " + parameter.shape());
 * }
 * }</pre>
 */
public final class Parameters {

    public static final String CLASS_TOKEN = "cls_token";
    public static final String DISTILLATION_TOKEN = "dist_token";
    public static final String REGISTER_TOKENS = "reg_token";
    public static final String POSITIONS = "pos_embed";
    public static final String PATCH_NORM_BEFORE = "patch_embed.norm_before";
    public static final String PATCH_PROJECTION = "patch_embed.proj";
    public static final String PATCH_NORM_AFTER = "patch_embed.norm";
    public static final String NORM_1 = "norm1";
    public static final String QKV = "attn.qkv";
    public static final String ATTENTION_OUTPUT = "attn.proj";
    public static final String LAYER_SCALE_1 = "ls1.gamma";
    public static final String NORM_2 = "norm2";
    public static final String FC1 = "mlp.fc1";
    public static final String FC2 = "mlp.fc2";
    public static final String LAYER_SCALE_2 = "ls2.gamma";
    public static final String NORM = "norm";
    public static final String FC_NORM = "fc_norm";
    public static final String PRE_LOGITS = "pre_logits.fc";
    public static final String HEAD = "head";
    public static final String DISTILLATION_HEAD = "head_dist";

    private final Map<String, Parameter> byName = new LinkedHashMap<>();
    private final List<Parameter> list;

    private Parameters(VitConfig c) {
        int width = c.width();
        if (c.classToken()) {
            add(CLASS_TOKEN, Kind.TOKEN, 1, 1, width);
        }
        if (c.distillationToken()) {
            add(DISTILLATION_TOKEN, Kind.TOKEN, 1, 1, width);
        }
        if (c.registers() > 0) {
            add(REGISTER_TOKENS, Kind.TOKEN, 1, c.registers(), width);
        }
        if (c.positions() == Positions.LEARNED) {
            add(POSITIONS, Kind.POSITION, 1, c.tokens(), width);
        } else if (c.positions() == Positions.LEARNED_PATCHES) {
            add(POSITIONS, Kind.POSITION, 1, c.patches(), width);
        }
        if (c.patchNorm()) {
            norm(PATCH_NORM_BEFORE, c.patchElements());
        }
        if (c.patchOrder() == PatchOrder.CHANNEL_FIRST) {
            add(PATCH_PROJECTION + ".weight", Kind.PATCH_WEIGHT, width, c.channels(), c.patch(), c.patch());
        } else {
            add(PATCH_PROJECTION + ".weight", Kind.PATCH_WEIGHT, width, c.patchElements());
        }
        add(PATCH_PROJECTION + ".bias", Kind.BIAS, width);
        if (c.patchNorm()) {
            norm(PATCH_NORM_AFTER, width);
        }
        for (int i = 0; i < c.depth(); i++) {
            norm(block(i, NORM_1), width);
            linear(block(i, QKV), 3 * c.inner(), width, c.qkvBias());
            linear(block(i, ATTENTION_OUTPUT), width, c.inner(), c.outputBias());
            if (c.layerScale()) {
                add(block(i, LAYER_SCALE_1), Kind.LAYER_SCALE, width);
            }
            norm(block(i, NORM_2), width);
            linear(block(i, FC1), c.mlp(), width, true);
            linear(block(i, FC2), width, c.mlp(), true);
            if (c.layerScale()) {
                add(block(i, LAYER_SCALE_2), Kind.LAYER_SCALE, width);
            }
        }
        norm(finalNorm(c), width);
        if (c.preLogits()) {
            linear(PRE_LOGITS, width, width, true);
        }
        if (c.classes() > 0) {
            linear(HEAD, c.classes(), width, true);
            if (c.distillationToken()) {
                linear(DISTILLATION_HEAD, c.classes(), width, true);
            }
        }
        list = List.copyOf(byName.values());
    }

    /** The list for {@code config}. */
    public static Parameters of(VitConfig config) {
        return new Parameters(config);
    }

    /** The canonical name of part {@code part} of block {@code i}. */
    public static String block(int i, String part) {
        return "blocks." + i + "." + part;
    }

    /** The canonical name of the final LayerNorm: {@code norm}, or {@code fc_norm} if it follows the pooling, as in timm. */
    public static String finalNorm(VitConfig config) {
        return config.finalNorm() == FinalNorm.BEFORE_POOLING ? NORM : FC_NORM;
    }

    private void add(String name, Kind kind, int... dimensions) {
        byName.put(name, new Parameter(name, Shape.of(dimensions), kind));
    }

    private void norm(String name, int width) {
        add(name + ".weight", Kind.NORM_WEIGHT, width);
        add(name + ".bias", Kind.NORM_BIAS, width);
    }

    private void linear(String name, int out, int in, boolean bias) {
        add(name + ".weight", Kind.LINEAR_WEIGHT, out, in);
        if (bias) {
            add(name + ".bias", Kind.BIAS, out);
        }
    }

    /** All parameters, in the order of the forward pass. */
    public List<Parameter> list() {
        return list;
    }

    /** The parameter of this canonical name, or null. */
    public Parameter find(String name) {
        return byName.get(name);
    }

    /** The number of elements of all parameters together. */
    public long count() {
        return byName.values().stream().mapToLong(p -> p.shape().size()).sum();
    }
}
