package vit.model.parameters;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import vit.kernels.patchembed.PatchOrder;
import vit.kernels.tensor.Shape;
import vit.model.config.AttentionConfig;
import vit.model.config.AttentionConfig.RelativePositions;
import vit.model.config.BackboneConfig;
import vit.model.config.MlpConfig;
import vit.model.config.NormKind;
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
    /** Positions by axis: the table of the grid's columns and that of its rows. */
    public static final String POSITIONS_X = "pos_embed_x";
    public static final String POSITIONS_Y = "pos_embed_y";
    public static final String PATCH_NORM_BEFORE = "patch_embed.norm_before";
    public static final String PATCH_PROJECTION = "patch_embed.proj";
    /** The convolutional network of a hybrid; its first convolution, and the parts of a bottleneck after {@link BackboneConfig.Bottleneck#name}. */
    public static final String BACKBONE = "patch_embed.backbone.";
    public static final String ROOT = BACKBONE + "stem.conv";
    public static final String ROOT_NORM = BACKBONE + "stem.norm";
    public static final String SHORTCUT = ".downsample.conv";
    public static final String SHORTCUT_NORM = ".downsample.norm";
    public static final String PATCH_NORM_AFTER = "patch_embed.norm";
    public static final String PRE_NORM = "norm_pre";
    public static final String NORM_1 = "norm1";
    public static final String QKV = "attn.qkv";
    /** The biases of queries and of values, each a tensor of its own if keys have none. */
    public static final String QUERY_BIAS = "attn.q_bias";
    public static final String VALUE_BIAS = "attn.v_bias";
    public static final String QUERY_NORM = "attn.q_norm";
    public static final String KEY_NORM = "attn.k_norm";
    public static final String ATTENTION_NORM = "attn.norm";
    public static final String RELATIVE_POSITIONS = "attn.relative_position_bias_table";
    public static final String SHARED_RELATIVE_POSITIONS = "rel_pos_bias.relative_position_bias_table";
    public static final String ATTENTION_OUTPUT = "attn.proj";
    public static final String LAYER_SCALE_1 = "ls1.gamma";
    public static final String NORM_2 = "norm2";
    public static final String FC1 = "mlp.fc1";
    public static final String MLP_NORM = "mlp.norm";
    public static final String FC2 = "mlp.fc2";
    public static final String LAYER_SCALE_2 = "ls2.gamma";
    public static final String NORM = "norm";
    public static final String FC_NORM = "fc_norm";
    public static final String POOL_QUERY = "attn_pool.latent";
    /** Projection of the pooling's query, and of keys and values; timm has two tensors for it, {@code attn_pool.q} and {@code attn_pool.kv}. */
    public static final String POOL_QKV = "attn_pool.qkv";
    public static final String POOL_OUTPUT = "attn_pool.proj";
    public static final String POOL_NORM = "attn_pool.norm";
    public static final String POOL_FC1 = "attn_pool.mlp.fc1";
    public static final String POOL_FC2 = "attn_pool.mlp.fc2";
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
        if (c.positions().isTable()) {
            add(POSITIONS, Kind.POSITION, 1, c.positionRows(), width);
        } else if (c.positions() == Positions.LEARNED_AXES) {
            add(POSITIONS_X, Kind.POSITION, 1, c.gridWidth(), width / 2);
            add(POSITIONS_Y, Kind.POSITION, 1, c.gridHeight(), width / 2);
        }
        if (c.patchNorm()) {
            norm(NormKind.LAYER, PATCH_NORM_BEFORE, c.patchElements());
        }
        if (c.stem().backbone() != null) {
            backbone(c.stem().backbone(), c.channels());
            add(PATCH_PROJECTION + ".weight", Kind.PATCH_WEIGHT, width, c.patch(), c.patch(), c.stem().patchChannels());
        } else if (c.patchOrder() == PatchOrder.CHANNEL_FIRST) {
            add(PATCH_PROJECTION + ".weight", Kind.PATCH_WEIGHT, width, c.channels(), c.patch(), c.patch());
        } else {
            add(PATCH_PROJECTION + ".weight", Kind.PATCH_WEIGHT, width, c.patchElements());
        }
        if (c.stem().patchBias()) {
            add(PATCH_PROJECTION + ".bias", Kind.BIAS, width);
        }
        if (c.patchNorm()) {
            norm(NormKind.LAYER, PATCH_NORM_AFTER, width);
        }
        if (c.preNorm()) {
            norm(c.block().norm(), PRE_NORM, width);
        }
        if (c.block().attention().relative() == RelativePositions.SHARED) {
            relativePositions(SHARED_RELATIVE_POSITIONS, c);
        }
        for (int i = 0; i < c.depth(); i++) {
            attention(c, i);
            mlp(c, i);
        }
        if (c.finalNorm() != FinalNorm.NONE) {
            norm(c.block().norm(), finalNorm(c), width);
        }
        if (c.pooling().isAttention()) {
            attentionPool(c);
        }
        if (c.preLogits()) {
            linear(PRE_LOGITS, width, width, true);
        }
        if (c.classes() > 0) {
            linear(HEAD, c.classes(), c.pooledWidth(), c.head().bias());
            if (c.distillationToken()) {
                linear(DISTILLATION_HEAD, c.classes(), width, c.head().bias());
            }
        }
        list = List.copyOf(byName.values());
    }

    private void backbone(BackboneConfig backbone, int channels) {
        convolution(ROOT, ROOT_NORM, BackboneConfig.ROOT_SIZE, channels, backbone.width());
        for (BackboneConfig.Bottleneck b : backbone.bottlenecks()) {
            String name = BACKBONE + b.name();
            if (b.first()) {
                convolution(name + SHORTCUT, name + SHORTCUT_NORM, 1, b.inputs(), b.outputs());
            }
            convolution(name + ".conv1", name + ".norm1", 1, b.inputs(), b.middle());
            convolution(name + ".conv2", name + ".norm2", BackboneConfig.MIDDLE_SIZE, b.middle(), b.middle());
            convolution(name + ".conv3", name + ".norm3", 1, b.middle(), b.outputs());
        }
    }

    /** A convolution without bias, and the GroupNorm of its output. */
    private void convolution(String name, String norm, int size, int in, int out) {
        add(name + ".weight", Kind.CONVOLUTION_WEIGHT, out, size, size, in);
        norm(NormKind.LAYER, norm, out);
    }

    private void attention(VitConfig c, int i) {
        AttentionConfig attention = c.block().attention();
        norm(c.block().norm(), block(i, NORM_1), c.width());
        linear(block(i, QKV), 3 * c.inner(), c.width(), attention.keyBias());
        if (attention.qkvBias() && !attention.keyBias()) {
            add(block(i, QUERY_BIAS), Kind.BIAS, c.inner());
            add(block(i, VALUE_BIAS), Kind.BIAS, c.inner());
        }
        if (attention.queryKeyNorm()) {
            norm(c.block().norm(), block(i, QUERY_NORM), c.headDim());
            norm(c.block().norm(), block(i, KEY_NORM), c.headDim());
        }
        if (attention.relative() == RelativePositions.BY_BLOCK) {
            relativePositions(block(i, RELATIVE_POSITIONS), c);
        }
        if (attention.innerNorm()) {
            norm(c.block().norm(), block(i, ATTENTION_NORM), c.inner());
        }
        linear(block(i, ATTENTION_OUTPUT), c.width(), c.inner(), c.outputBias());
        if (c.layerScale()) {
            add(block(i, LAYER_SCALE_1), Kind.LAYER_SCALE, c.width());
        }
    }

    private void mlp(VitConfig c, int i) {
        MlpConfig mlp = c.block().mlp();
        norm(c.block().norm(), block(i, NORM_2), c.width());
        linear(block(i, FC1), mlp.expanded(), c.width(), mlp.bias());
        if (mlp.innerNorm()) {
            norm(c.block().norm(), block(i, MLP_NORM), mlp.hidden());
        }
        linear(block(i, FC2), c.width(), mlp.hidden(), mlp.bias());
        if (c.layerScale()) {
            add(block(i, LAYER_SCALE_2), Kind.LAYER_SCALE, c.width());
        }
    }

    private void attentionPool(VitConfig c) {
        add(POOL_QUERY, Kind.QUERY, 1, 1, c.width());
        linear(POOL_QKV, 3 * c.width(), c.width(), true);
        linear(POOL_OUTPUT, c.width(), c.width(), true);
        norm(c.block().norm(), POOL_NORM, c.width());
        linear(POOL_FC1, c.mlp(), c.width(), true);
        linear(POOL_FC2, c.width(), c.mlp(), true);
    }

    /** A number for each head and each offset between two patches, and three for the class token. */
    private void relativePositions(String name, VitConfig c) {
        add(name, Kind.RELATIVE_POSITION, (2 * c.gridHeight() - 1) * (2 * c.gridWidth() - 1) + 3, c.heads());
    }

    /** The list for {@code config}. */
    public static Parameters of(VitConfig config) {
        return new Parameters(config);
    }

    /** The canonical name of part {@code part} of block {@code i}. */
    public static String block(int i, String part) {
        return "blocks." + i + "." + part;
    }

    /** The canonical name of the final norm: {@code norm}, or {@code fc_norm} if it follows the pooling, as in timm. */
    public static String finalNorm(VitConfig config) {
        return config.finalNorm() == FinalNorm.AFTER_POOLING ? FC_NORM : NORM;
    }

    private void add(String name, Kind kind, int... dimensions) {
        byName.put(name, new Parameter(name, Shape.of(dimensions), kind));
    }

    private void norm(NormKind kind, String name, int width) {
        add(name + ".weight", Kind.NORM_WEIGHT, width);
        if (kind == NormKind.LAYER) {
            add(name + ".bias", Kind.NORM_BIAS, width);
        }
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
