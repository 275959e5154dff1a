package vit.model.weights.family;

import java.util.ArrayList;
import java.util.List;
import vit.kernels.tensor.Shape;
import vit.model.InputException;
import vit.model.config.AttentionConfig.RelativePositions;
import vit.model.config.MlpConfig;
import vit.model.config.NormKind;
import vit.model.config.VitConfig;
import vit.model.config.VitConfig.FinalNorm;
import vit.model.config.VitConfig.Pooling;
import vit.model.config.VitConfig.Positions;
import vit.model.config.VitConfigBuilder;
import vit.model.parameters.Parameter;
import vit.model.parameters.Parameters;
import vit.model.weights.config.ConfigField;

/**
 * PyTorch Image Models (timm), whose names are the canonical ones: its VisionTransformer, and its Beit and Eva, which name a few tensors otherwise. DeiT's and
 * BEiT's own files have these names too.
 */
class Timm implements WeightFamily {

    private static final String SCALE_1 = "gamma_1";
    private static final String SCALE_2 = "gamma_2";
    static final String FACEBOOK_REGISTERS = "register_tokens";
    private static final String GATE = "mlp.fc1_g";
    private static final String GATED = "mlp.fc1_x";
    /** Where Beit and Eva have a tensor for each of queries, keys and values. */
    private static final List<String> SEPARATE = List.of("attn.q_proj", "attn.k_proj", "attn.v_proj");
    private static final String W12 = "mlp.w12";
    private static final String W3 = "mlp.w3";
    private static final String POOL_Q = "attn_pool.q";
    private static final String POOL_KV = "attn_pool.kv";

    @Override
    public String id() {
        return "timm";
    }

    @Override
    public List<String> aliases() {
        return List.of("deit");
    }

    @Override
    public boolean goesWith(WeightFamily other) {
        return other instanceof Timm;
    }

    @Override
    public String library() {
        return "timm";
    }

    @Override
    public String title(VitConfig config) {
        return "ViT";
    }

    @Override
    public Signs signs(TensorDirectory tensors) {
        return Signs.in(tensors).with("patch_embed.proj.weight");
    }

    @Override
    public VitConfigBuilder defaults() {
        return VitConfig.builder().family(id());
    }

    @Override
    public FinalNorm finalNorm(Pooling pooling) {
        return pooling == Pooling.TOKEN || pooling.isAttention() ? FinalNorm.BEFORE_POOLING : FinalNorm.AFTER_POOLING;
    }

    /** Not every token: {@code no_embed_class} leaves the prefix tokens without positions. */
    @Override
    public Positions positions() {
        return null;
    }

    /** Architectures differ in all of these, but their tensors do not show it. */
    @Override
    public List<String> unstatedConventions(VitConfig assumed) {
        String pool = assumed.pooling() == Pooling.TOKEN ? "pool token" : "pool avg";
        return List.of("layer_norm_eps " + assumed.layerNormEps(), "gelu " + assumed.gelu().name().toLowerCase(java.util.Locale.ROOT), pool);
    }

    @Override
    public void infer(Inference into) throws InputException {
        TensorDirectory tensors = into.tensors();
        BackboneTensors backbone = backbone(tensors);
        backbone.infer(into);
        if (backbone.isIn(tensors)) {
            into.tellFromProjection("patch_embed.proj.weight");
        } else {
            into.tellFromConvolution("patch_embed.proj.weight");
        }
        into.tell(ConfigField.PATCH_BIAS, !tensors.has("norm_pre.weight"), "norm_pre.weight"); // a norm before the blocks takes its place
        into.tell(ConfigField.DEPTH, tensors.blocks("blocks.", '.'), "blocks.*");
        into.tellPresence(ConfigField.CLASS_TOKEN, Parameters.CLASS_TOKEN);
        into.tellPresence(ConfigField.DISTILLATION_TOKEN, Parameters.DISTILLATION_TOKEN);
        String registers = name(Parameters.REGISTER_TOKENS, tensors);
        into.tell(ConfigField.REGISTERS, tensors.has(registers) ? tensors.require(registers, 3).dimension(1) : 0, registers);
        if (tensors.has(Parameters.POSITIONS)) {
            into.tellPositions(tensors.require(Parameters.POSITIONS, 3).dimension(1), Parameters.POSITIONS);
        } else if (tensors.has(Parameters.POSITIONS_X) || tensors.has(Parameters.POSITIONS_Y)) {
            into.tellAxes(Parameters.POSITIONS_X, Parameters.POSITIONS_Y);
            into.tell(ConfigField.POSITIONS, Positions.LEARNED_AXES, Parameters.POSITIONS_X);
        } else if (tensors.has(Parameters.SHARED_RELATIVE_POSITIONS) || tensors.has("blocks.0." + Parameters.RELATIVE_POSITIONS)) {
            into.tell(ConfigField.POSITIONS, Positions.NONE, Parameters.POSITIONS);
        } else {
            into.lackPositions(Parameters.POSITIONS); // only a configuration knows whether blocks have rotary positions
        }
        into.tellPresence(ConfigField.PRE_NORM, "norm_pre.weight");
        into.tellPresence(ConfigField.PRE_LOGITS, "pre_logits.fc.weight");
        into.tellHead(Parameters.HEAD);
        if (tensors.has("blocks.0.norm1.weight")) {
            inferBlock(into, tensors);
        }
        inferPool(into, tensors);
    }

    /** The backbone's names in this file; a backbone of the first convolution alone has other names. */
    private static BackboneTensors backbone(TensorDirectory tensors) {
        BackboneTensors alone = BackboneTensors.timm(false);
        return alone.isIn(tensors) ? alone : BackboneTensors.timm(true);
    }

    private static void inferBlock(Inference into, TensorDirectory tensors) throws InputException {
        String block = "blocks.0.";
        String separate = block + SEPARATE.getFirst() + ".weight";
        if (tensors.has(separate)) {
            into.tellInner(tensors.require(separate, 2).dimension(0), separate);
            into.tell(ConfigField.QKV_BIAS, tensors.has(block + "attn.q_proj.bias"), block + "attn.q_proj.bias");
            String bias = block + (tensors.has(block + "attn.q_proj.bias") ? "attn.k_proj.bias" : "attn.q_proj.bias");
            into.tell(ConfigField.KEY_BIAS, tensors.has(bias) || bias.endsWith("q_proj.bias"), bias);
        } else {
            into.tellInnerFromQkv(tensors.require(block + "attn.qkv.weight", 2).dimension(0), block + "attn.qkv.weight");
            boolean split = tensors.has(block + Parameters.QUERY_BIAS);
            into.tell(ConfigField.QKV_BIAS, split || tensors.has(block + "attn.qkv.bias"), split ? block + Parameters.QUERY_BIAS : block + "attn.qkv.bias");
            into.tell(ConfigField.KEY_BIAS, !split, block + Parameters.QUERY_BIAS);
        }
        into.tellPresence(ConfigField.OUTPUT_BIAS, block + "attn.proj.bias");
        into.tellPresence(ConfigField.QK_NORM, block + "attn.q_norm.weight");
        into.tellPresence(ConfigField.ATTENTION_NORM, block + "attn.norm.weight");
        into.tell(ConfigField.NORM, tensors.has(block + "norm1.bias") ? NormKind.LAYER : NormKind.RMS, block + "norm1.bias");
        boolean shared = tensors.has(Parameters.SHARED_RELATIVE_POSITIONS);
        String table = shared ? Parameters.SHARED_RELATIVE_POSITIONS : block + Parameters.RELATIVE_POSITIONS;
        into.tell(ConfigField.RELATIVE_POSITIONS, shared ? RelativePositions.SHARED : tensors.has(table) ? RelativePositions.BY_BLOCK : RelativePositions.NONE,
                table);
        if (tensors.has(table)) {
            into.tell(ConfigField.HEADS, tensors.require(table, 2).dimension(1), table);
            into.tellRelativePositions(tensors.require(table, 2).dimension(0), table);
        }
        into.tellPresence(ConfigField.LAYER_SCALE, block + (tensors.has(block + SCALE_1) ? SCALE_1 : "ls1.gamma"));
        inferMlp(into, tensors, block);
    }

    /** A gate shows in the shapes: the second layer has half as many inputs as the first has outputs, or the gate is a layer of its own. */
    private static void inferMlp(Inference into, TensorDirectory tensors, String block) throws InputException {
        String fc2 = block + (tensors.has(block + W3 + ".weight") ? W3 : "mlp.fc2");
        String fc1 = block + (tensors.has(block + W12 + ".weight") ? W12 : tensors.has(block + GATED + ".weight") ? GATED : "mlp.fc1");
        int expanded = tensors.require(fc1 + ".weight", 2).dimension(0);
        boolean joint = !fc1.endsWith(GATED) && tensors.has(fc2 + ".weight") && expanded == 2 * tensors.require(fc2 + ".weight", 2).dimension(1);
        boolean gated = fc1.endsWith(GATED) || joint;
        into.tell(ConfigField.MLP, joint ? expanded / 2 : expanded, fc1 + ".weight");
        into.tell(ConfigField.MLP_KIND, gated ? MlpConfig.Kind.SWIGLU : MlpConfig.Kind.GELU, fc1 + ".weight");
        into.tellPresence(ConfigField.MLP_BIAS, fc2 + ".bias");
        into.tellPresence(ConfigField.MLP_NORM, block + "mlp.norm.weight");
    }

    private static void inferPool(Inference into, TensorDirectory tensors) {
        boolean after = tensors.has("fc_norm.weight");
        if (after || tensors.has("norm.weight")) { // a file with neither lacks one, unless a configuration says that there is none
            into.tell(ConfigField.FINAL_NORM, after ? FinalNorm.AFTER_POOLING : FinalNorm.BEFORE_POOLING, after ? "fc_norm.weight" : "norm.weight");
        }
        if (tensors.has(Parameters.POOL_QUERY)) {
            into.suggest(ConfigField.POOL, Pooling.PATCH_ATTENTION, Parameters.POOL_QUERY);
            return;
        }
        // If timm pools the mean, its final norm is fc_norm, after pooling, unless the model was made with fc_norm=False.
        boolean mean = after || !tensors.has(Parameters.CLASS_TOKEN);
        into.suggest(ConfigField.POOL, mean ? Pooling.PATCH_MEAN : Pooling.TOKEN, after ? "fc_norm.weight" : Parameters.CLASS_TOKEN);
    }

    @Override
    public List<TensorView> views(VitConfig config, Parameters parameters, TensorDirectory tensors) {
        Renaming names = new Renaming(parameters);
        List<String> joint = new ArrayList<>(); // layers that some files cut in parts
        for (int i = 0; i < config.depth(); i++) {
            String block = "blocks." + i + ".";
            if (tensors.has(block + SEPARATE.getFirst() + ".weight")) {
                joint.add(Parameters.block(i, Parameters.QKV));
                names.parts(Parameters.block(i, Parameters.QKV), SEPARATE.stream().map(part -> block + part).toArray(String[]::new));
            }
            if (tensors.has(block + GATE + ".weight")) {
                joint.add(Parameters.block(i, Parameters.FC1));
                names.parts(Parameters.block(i, Parameters.FC1), block + GATE, block + GATED);
            }
        }
        joint.add(Parameters.POOL_QKV);
        for (String kind : new String[] {".weight", ".bias"}) {
            names.rows(Parameters.POOL_QKV + kind, 0, config.width(), POOL_Q + kind);
            names.rows(Parameters.POOL_QKV + kind, config.width(), 2 * config.width(), POOL_KV + kind);
        }
        if (config.stem().backbone() != null) {
            BackboneTensors backbone = BackboneTensors.timm(!config.stem().backbone().stages().isEmpty());
            names.add(backbone.views(config, parameters, tensors));
            names.add(List.of(backbone.weight("patch_embed.proj.weight", parameters.find(Parameters.PATCH_PROJECTION + ".weight"))));
        }
        for (Parameter parameter : parameters.list()) {
            String canonical = parameter.name();
            boolean viewed = config.stem().backbone() != null
                    && (canonical.startsWith(Parameters.BACKBONE) || canonical.equals(Parameters.PATCH_PROJECTION + ".weight"));
            if (!viewed && !joint.contains(layer(canonical))) {
                names.tensor(canonical, name(canonical, tensors));
            }
        }
        return names.views();
    }

    private static String layer(String canonical) {
        int end = canonical.lastIndexOf('.');
        return end < 0 ? "" : canonical.substring(0, end);
    }

    /** The file's name of a tensor. It is the canonical name but for a replaced head and for what Beit, Eva and Facebook's files name otherwise. */
    private static String name(String canonical, TensorDirectory tensors) {
        if (tensors.has(canonical)) {
            return canonical;
        }
        String layer = layer(canonical);
        if (layer.equals(Parameters.HEAD) || layer.equals(Parameters.DISTILLATION_HEAD)) {
            return tensors.linearLayer(layer) + canonical.substring(layer.length());
        }
        String[][] others = {{Parameters.REGISTER_TOKENS, FACEBOOK_REGISTERS}, {Parameters.LAYER_SCALE_1, SCALE_1}, {Parameters.LAYER_SCALE_2, SCALE_2}, {Parameters.FC1 + ".", W12 + "."},
            {Parameters.FC2 + ".", W3 + "."}, {Parameters.QUERY_BIAS, "attn.q_proj.bias"}, {Parameters.VALUE_BIAS, "attn.v_proj.bias"}};
        for (String[] other : others) {
            String renamed = canonical.replace(other[0], other[1]);
            boolean there = tensors.has(renamed) || tensors.has(renamed.replace(SCALE_1, SCALE_2)) || tensors.has(renamed.replace(SCALE_2, SCALE_1)); // or its sibling
            if (!renamed.equals(canonical) && there) {
                return renamed;
            }
        }
        return canonical;
    }

    /** The numbers of relative positions, which files of BEiT hold, and the tables of rotary positions. */
    @Override
    public boolean isUnused(String name, TensorDirectory tensors) {
        return name.endsWith("relative_position_index") || name.startsWith("rope.") || name.equals("mask_token") && tensors.has("blocks.0.attn.q_bias");
    }
}
