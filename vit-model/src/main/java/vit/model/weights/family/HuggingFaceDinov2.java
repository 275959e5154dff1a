package vit.model.weights.family;

import java.util.List;
import java.util.Map;
import vit.model.InputException;
import vit.model.config.MlpConfig;
import vit.model.config.VitConfig;
import vit.model.config.VitConfig.Pooling;
import vit.model.config.VitConfig.Positions;
import vit.model.config.VitConfigBuilder;
import vit.model.parameters.Parameters;
import vit.model.positions.PositionResampling;
import vit.model.weights.config.ConfigField;

/**
 * Hugging Face transformers: DINOv2 (Oquab et al. 2023) and DINOv2 with registers (Darcet et al. 2023). A classifier reads the class token and the mean of the
 * patches side by side. Positions are resampled whenever the image differs from that of the table.
 */
final class HuggingFaceDinov2 implements WeightFamily {

    private static final String REGISTERS = "embeddings.register_tokens";
    private static final String LAYER_SCALE = "encoder.layer.0.layer_scale1.lambda1";
    private static final String CLASSIFIER = "classifier";
    private static final List<String> PREFIXES = List.of("dinov2.", "dinov2_with_registers.", "");

    private static final Map<String, String> LAYERS = Map.of(Parameters.NORM_1, "norm1", Parameters.ATTENTION_OUTPUT, "attention.output.dense",
            Parameters.NORM_2, "norm2");

    private final boolean registers;

    /** @param registers whether this is the class with registers, which resamples positions by another method */
    HuggingFaceDinov2(boolean registers) {
        this.registers = registers;
    }

    @Override
    public String id() {
        return registers ? "huggingface-dinov2-registers" : "huggingface-dinov2";
    }

    @Override
    public List<String> aliases() {
        return List.of();
    }

    /** A file without registers may be of either class; a configuration may say so. */
    @Override
    public boolean goesWith(WeightFamily other) {
        return other instanceof HuggingFaceDinov2;
    }

    private static String prefix(TensorDirectory tensors) {
        return PREFIXES.stream().filter(prefix -> tensors.has(prefix + LAYER_SCALE)).findFirst()
                .or(() -> PREFIXES.stream().filter(prefix -> tensors.has(prefix + "embeddings.cls_token")).findFirst()).orElse("");
    }

    @Override
    public String library() {
        return "Hugging Face";
    }

    @Override
    public String title(VitConfig config) {
        return registers ? "DINOv2 with registers" : "DINOv2";
    }

    @Override
    public Signs signs(TensorDirectory tensors) {
        String prefix = prefix(tensors);
        return Signs.in(tensors).with(prefix + LAYER_SCALE).having(registers, prefix + REGISTERS);
    }

    @Override
    public PositionResampling positionResampling() {
        return registers ? PositionResampling.TIMM : PositionResampling.HUGGING_FACE;
    }

    @Override
    public boolean imageFollowsPreprocessing() {
        return true;
    }

    @Override
    public Positions positions() {
        return Positions.LEARNED_CLASS_AND_PATCHES;
    }

    @Override
    public VitConfigBuilder defaults() {
        return VitConfig.builder().family(id()).patch(registers ? 16 : 14).layerScale(true).classes(0)
                .positions(registers ? Positions.LEARNED_CLASS_AND_PATCHES : Positions.LEARNED);
    }

    @Override
    public List<String> unstatedConventions(VitConfig assumed) {
        return List.of("layer_norm_eps " + assumed.layerNormEps(), "gelu " + assumed.gelu().name().toLowerCase(java.util.Locale.ROOT));
    }

    @Override
    public void infer(Inference into) throws InputException {
        TensorDirectory tensors = into.tensors();
        String prefix = prefix(tensors);
        into.tellFromConvolution(prefix + "embeddings.patch_embeddings.projection.weight");
        into.tell(ConfigField.DEPTH, tensors.blocks(prefix + "encoder.layer.", '.'), prefix + "encoder.layer.*");
        into.tell(ConfigField.REGISTERS, tensors.has(prefix + REGISTERS) ? tensors.require(prefix + REGISTERS, 3).dimension(1) : 0, prefix + REGISTERS);
        into.tell(ConfigField.CLASS_TOKEN, true, prefix + "embeddings.cls_token");
        into.tell(ConfigField.LAYER_SCALE, true, prefix + LAYER_SCALE);
        String positions = prefix + "embeddings.position_embeddings";
        into.tellPositions(tensors.require(positions, 3).dimension(1), positions);
        String query = prefix + "encoder.layer.0.attention.attention.query";
        into.tellInner(tensors.require(query + ".weight", 2).dimension(0), query + ".weight");
        into.tellPresence(ConfigField.QKV_BIAS, query + ".bias");
        String gated = prefix + "encoder.layer.0.mlp.weights_in.weight";
        if (tensors.has(gated)) {
            into.tell(ConfigField.MLP_KIND, MlpConfig.Kind.SWIGLU, gated);
            into.tell(ConfigField.MLP, tensors.require(gated, 2).dimension(0) / 2, gated);
        } else {
            String fc1 = prefix + "encoder.layer.0.mlp.fc1.weight";
            into.tell(ConfigField.MLP_KIND, MlpConfig.Kind.GELU, fc1);
            into.tell(ConfigField.MLP, tensors.require(fc1, 2).dimension(0), fc1);
        }
        into.tellHead(CLASSIFIER);
        boolean head = tensors.has(CLASSIFIER + ".weight");
        into.tell(ConfigField.POOL, head ? Pooling.TOKEN_AND_PATCH_MEAN : Pooling.TOKEN, CLASSIFIER + ".weight");
    }

    @Override
    public List<TensorView> views(VitConfig config, Parameters parameters, TensorDirectory tensors) {
        String base = config.registers() > 0 ? "dinov2_with_registers." : "dinov2.";
        String prefix = tensors == TensorDirectory.empty() ? (config.classes() > 0 ? base : "") : prefix(tensors);
        Renaming names = new Renaming(parameters);
        names.tensor(Parameters.CLASS_TOKEN, prefix + "embeddings.cls_token");
        names.tensor(Parameters.REGISTER_TOKENS, prefix + REGISTERS);
        names.tensor(Parameters.POSITIONS, prefix + "embeddings.position_embeddings");
        names.layer(Parameters.PATCH_PROJECTION, prefix + "embeddings.patch_embeddings.projection");
        boolean gated = config.block().mlp().kind() == MlpConfig.Kind.SWIGLU;
        for (int i = 0; i < config.depth(); i++) {
            String block = prefix + "encoder.layer." + i + ".";
            String attention = block + "attention.attention.";
            names.thirds(Parameters.block(i, Parameters.QKV), attention + "query", attention + "key", attention + "value");
            names.layers(i, block, LAYERS);
            names.tensor(Parameters.block(i, Parameters.LAYER_SCALE_1), block + "layer_scale1.lambda1");
            names.tensor(Parameters.block(i, Parameters.LAYER_SCALE_2), block + "layer_scale2.lambda1");
            names.layer(Parameters.block(i, Parameters.FC1), block + (gated ? "mlp.weights_in" : "mlp.fc1"));
            names.layer(Parameters.block(i, Parameters.FC2), block + (gated ? "mlp.weights_out" : "mlp.fc2"));
        }
        names.layer(Parameters.finalNorm(config), prefix + "layernorm");
        names.layer(Parameters.HEAD, tensors.linearLayer(CLASSIFIER));
        return names.views();
    }

    /** The mask token is only for pre-training. */
    @Override
    public boolean isUnused(String name, TensorDirectory tensors) {
        return name.equals(prefix(tensors) + "embeddings.mask_token");
    }
}
