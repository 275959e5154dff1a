package vit.model.weights.family;

import java.util.List;
import java.util.Map;
import vit.kernels.tensor.Shape;
import vit.model.InputException;
import vit.model.config.VitConfig;
import vit.model.config.VitConfig.Pooling;
import vit.model.config.VitConfigBuilder;
import vit.model.parameters.Parameters;
import vit.model.positions.PositionResampling;
import vit.model.weights.config.ConfigField;

/**
 * Hugging Face transformers: ViT, its hybrid, and DeiT with one head or none, DeiT also with two, the encoders of masked autoencoders and I-JEPA. Version 5 renames the blocks in memory, but files on the hub
 * keep the older names. The names of base models have no {@code vit.} prefix.
 */
final class HuggingFace implements WeightFamily {

    private static final String PATCHES = "embeddings.patch_embeddings.";
    private static final String PROJECTION = PATCHES + "projection.weight";
    private static final String POSITIONS = "embeddings.position_embeddings";
    private static final String CLASS_TOKEN = "embeddings.cls_token";
    private static final String DISTILLATION_TOKEN = "embeddings.distillation_token";
    private static final String HEAD = "classifier";
    private static final String DISTILLED_CLASS_HEAD = "cls_classifier";
    private static final String DISTILLATION_HEAD = "distillation_classifier";
    private static final List<String> PREFIXES = List.of("vit.", "deit.", "ijepa.", "");

    private final String id;
    private final List<String> aliases;
    private final String blocks;
    private final List<String> qkv;
    private final Map<String, String> layers;

    private HuggingFace(String id, List<String> aliases, String blocks, List<String> qkv, Map<String, String> layers) {
        this.id = id;
        this.aliases = aliases;
        this.blocks = blocks;
        this.qkv = qkv;
        this.layers = layers;
    }

    /** The names of files. */
    static HuggingFace hub() {
        return new HuggingFace("huggingface", List.of("hf", "transformers"), "encoder.layer.",
                List.of("attention.attention.query", "attention.attention.key", "attention.attention.value"),
                Map.of(Parameters.NORM_1, "layernorm_before", Parameters.ATTENTION_OUTPUT, "attention.output.dense",
                        Parameters.NORM_2, "layernorm_after", Parameters.FC1, "intermediate.dense", Parameters.FC2, "output.dense"));
    }

    /** The names of a state dictionary in version 5. */
    static HuggingFace version5() {
        return new HuggingFace("huggingface-v5", List.of("hf-v5", "transformers-v5"), "layers.",
                List.of("attention.q_proj", "attention.k_proj", "attention.v_proj"),
                Map.of(Parameters.NORM_1, "layernorm_before", Parameters.ATTENTION_OUTPUT, "attention.o_proj",
                        Parameters.NORM_2, "layernorm_after", Parameters.FC1, "mlp.fc1", Parameters.FC2, "mlp.fc2"));
    }

    @Override
    public String id() {
        return id;
    }

    @Override
    public List<String> aliases() {
        return aliases;
    }

    /** Either of the two, because a configuration does not say under which names the tensors were saved. */
    @Override
    public boolean goesWith(WeightFamily other) {
        return other instanceof HuggingFace;
    }

    @Override
    public String library() {
        return "Hugging Face";
    }

    @Override
    public String title(VitConfig config) {
        return !config.classToken() ? "I-JEPA" : config.distillationToken() || config.registers() == 1 ? "DeiT" : "ViT";
    }

    @Override
    public Signs signs(TensorDirectory tensors) {
        String prefix = prefix(tensors);
        // Without blocks the two cannot be distinguished; the older names are assumed.
        return Signs.in(tensors).with(prefix + PROJECTION).having(blocks.equals("layers."), prefix + "layers.0.layernorm_before.weight");
    }

    private static String prefix(TensorDirectory tensors) {
        return PREFIXES.stream().filter(prefix -> tensors.has(prefix + PROJECTION)).findFirst()
                .or(() -> PREFIXES.stream().filter(prefix -> tensors.has(prefix + POSITIONS)).findFirst()).orElse("vit.");
    }

    @Override
    public PositionResampling positionResampling() {
        return PositionResampling.HUGGING_FACE;
    }

    @Override
    public VitConfigBuilder defaults() {
        return VitConfig.builder().family(id).layerNormEps(1e-12);
    }

    @Override
    public List<String> unstatedConventions(VitConfig assumed) {
        return List.of("layer_norm_eps " + assumed.layerNormEps(), "gelu " + assumed.gelu().name().toLowerCase(java.util.Locale.ROOT));
    }

    @Override
    public void infer(Inference into) throws InputException {
        TensorDirectory tensors = into.tensors();
        String prefix = prefix(tensors);
        BackboneTensors backbone = BackboneTensors.huggingFace(prefix + PATCHES);
        backbone.infer(into);
        if (backbone.isIn(tensors)) {
            into.tellFromProjection(prefix + PROJECTION);
        } else {
            into.tellFromConvolution(prefix + PROJECTION);
        }
        into.tell(ConfigField.DEPTH, tensors.blocks(prefix + blocks, '.'), prefix + blocks + "*");
        // DeiTForImageClassification gives the distillation token no head: to the forward pass it is a register.
        String token = prefix + DISTILLATION_TOKEN;
        into.tell(ConfigField.DISTILLATION_TOKEN, tensors.has(token) && tensors.has(DISTILLATION_HEAD + ".weight"), token);
        into.tell(ConfigField.REGISTERS, tensors.has(token) && !tensors.has(DISTILLATION_HEAD + ".weight") ? 1 : 0, token);
        boolean classToken = tensors.has(prefix + CLASS_TOKEN);
        into.tell(ConfigField.CLASS_TOKEN, classToken, prefix + CLASS_TOKEN);
        if (!classToken) { // I-JEPA
            into.tell(ConfigField.POOL, Pooling.PATCH_MEAN, prefix + CLASS_TOKEN);
        }
        String positions = prefix + POSITIONS;
        into.tellPositions(tensors.require(positions, 3).dimension(1), positions);
        into.tellHead(tensors.has(DISTILLED_CLASS_HEAD + ".weight") ? DISTILLED_CLASS_HEAD : HEAD);
        String block = prefix + blocks + "0.";
        String query = block + qkv.get(0) + ".weight";
        if (tensors.has(query)) {
            into.tellInner(tensors.require(query, 2).dimension(0), query);
            into.tellPresence(ConfigField.QKV_BIAS, block + qkv.get(0) + ".bias");
            String fc1 = block + layers.get(Parameters.FC1) + ".weight";
            into.tell(ConfigField.MLP, tensors.require(fc1, 2).dimension(0), fc1);
        }
    }

    @Override
    public List<TensorView> views(VitConfig config, Parameters parameters, TensorDirectory tensors) {
        String prefix = tensors == TensorDirectory.empty() && !config.classToken() ? "ijepa." : tensors == TensorDirectory.empty() && (config.distillationToken() || config.registers() == 1) ? "deit." : prefix(tensors);
        Renaming names = new Renaming(parameters);
        names.tensor(Parameters.CLASS_TOKEN, prefix + CLASS_TOKEN);
        names.tensor(Parameters.DISTILLATION_TOKEN, prefix + DISTILLATION_TOKEN);
        if (config.registers() == 1) {
            names.tensor(Parameters.REGISTER_TOKENS, prefix + DISTILLATION_TOKEN);
        }
        names.tensor(Parameters.POSITIONS, prefix + POSITIONS, Shape.of(1, config.tokens(), config.width()));
        if (config.stem().backbone() == null) {
            names.layer(Parameters.PATCH_PROJECTION, prefix + PATCHES + "projection");
        } else {
            BackboneTensors backbone = BackboneTensors.huggingFace(prefix + PATCHES);
            names.add(backbone.views(config, parameters, tensors));
            names.add(List.of(backbone.weight(prefix + PROJECTION, parameters.find(Parameters.PATCH_PROJECTION + ".weight"))));
            names.tensor(Parameters.PATCH_PROJECTION + ".bias", prefix + PATCHES + "projection.bias");
        }
        for (int i = 0; i < config.depth(); i++) {
            String block = prefix + blocks + i + ".";
            names.thirds(Parameters.block(i, Parameters.QKV), block + qkv.get(0), block + qkv.get(1), block + qkv.get(2));
            names.layers(i, block, layers);
        }
        names.layer(Parameters.finalNorm(config), prefix + "layernorm");
        names.layer(Parameters.HEAD, tensors.linearLayer(config.distillationToken() ? DISTILLED_CLASS_HEAD : HEAD));
        names.layer(Parameters.DISTILLATION_HEAD, DISTILLATION_HEAD);
        return names.views();
    }

    /** The pooler of base models, which no head uses, and what is only for pre-training: the mask token and the decoder of masked autoencoders. */
    @Override
    public boolean isUnused(String name, TensorDirectory tensors) {
        String prefix = prefix(tensors);
        return name.equals(prefix + "pooler.dense.weight") || name.equals(prefix + "pooler.dense.bias") || name.equals(prefix + "embeddings.mask_token")
                || name.startsWith("decoder.");
    }
}
