package vit.model.weights.family;

import java.util.List;
import java.util.Map;
import vit.model.InputException;
import vit.model.config.AttentionConfig.RelativePositions;
import vit.model.config.VitConfig;
import vit.model.config.VitConfig.FinalNorm;
import vit.model.config.VitConfig.Pooling;
import vit.model.config.VitConfig.Positions;
import vit.model.config.VitConfigBuilder;
import vit.model.parameters.Parameters;
import vit.model.positions.PositionResampling;
import vit.model.positions.RelativeResampling;
import vit.model.weights.config.ConfigField;

/** Hugging Face transformers: BEiT and BEiT v2 (Bao et al. 2022, Peng et al. 2022), with relative position biases and without a bias of the keys. */
final class HuggingFaceBeit implements WeightFamily {

    private static final String PATCHES = "embeddings.patch_embeddings.projection.weight";
    private static final String CLASSIFIER = "classifier";
    private static final String TABLE = "relative_position_bias.relative_position_bias_table";
    private static final String INDEX = "relative_position_index";
    private static final List<String> PREFIXES = List.of("beit.", "");

    private static final Map<String, String> LAYERS = Map.of(Parameters.NORM_1, "layernorm_before", Parameters.ATTENTION_OUTPUT, "attention.output.dense",
            Parameters.NORM_2, "layernorm_after", Parameters.FC1, "intermediate.dense", Parameters.FC2, "output.dense");

    @Override
    public String id() {
        return "huggingface-beit";
    }

    @Override
    public List<String> aliases() {
        return List.of();
    }

    private static String prefix(TensorDirectory tensors) {
        return PREFIXES.stream().filter(prefix -> tensors.has(prefix + "embeddings.cls_token")).findFirst().orElse("beit.");
    }

    /** Only the keys lack a bias; a pooler with a norm, or a table, is BEiT's alone as well. */
    @Override
    public String library() {
        return "Hugging Face";
    }

    @Override
    public String title(VitConfig config) {
        return "BEiT";
    }

    @Override
    public Signs signs(TensorDirectory tensors) {
        String attention = prefix(tensors) + "encoder.layer.0.attention.attention.";
        return Signs.in(tensors).with(attention + "query.bias").with(attention + "key.weight").without(attention + "key.bias");
    }

    @Override
    public PositionResampling positionResampling() {
        return PositionResampling.HUGGING_FACE;
    }

    @Override
    public RelativeResampling relativeResampling() {
        return RelativeResampling.BILINEAR;
    }

    @Override
    public VitConfigBuilder defaults() {
        return VitConfig.builder().family(id()).layerNormEps(1e-12).positions(Positions.NONE).keyBias(false).layerScale(true)
                .relative(RelativePositions.BY_BLOCK).pooling(Pooling.PATCH_MEAN).finalNorm(FinalNorm.AFTER_POOLING);
    }

    @Override
    public List<String> unstatedConventions(VitConfig assumed) {
        return List.of("layer_norm_eps " + assumed.layerNormEps(), "gelu " + assumed.gelu().name().toLowerCase(java.util.Locale.ROOT));
    }

    @Override
    public void infer(Inference into) throws InputException {
        TensorDirectory tensors = into.tensors();
        String prefix = prefix(tensors);
        String block = prefix + "encoder.layer.0.";
        into.tellFromConvolution(prefix + PATCHES);
        into.tell(ConfigField.DEPTH, tensors.blocks(prefix + "encoder.layer.", '.'), prefix + "encoder.layer.*");
        into.tell(ConfigField.CLASS_TOKEN, true, prefix + "embeddings.cls_token");
        String positions = prefix + "embeddings.position_embeddings";
        if (tensors.has(positions)) {
            into.tellPositions(tensors.require(positions, 3).dimension(1), positions);
        } else {
            into.tell(ConfigField.POSITIONS, Positions.NONE, positions);
        }
        String query = block + "attention.attention.query.weight";
        into.tellInner(tensors.require(query, 2).dimension(0), query);
        into.tell(ConfigField.QKV_BIAS, true, block + "attention.attention.query.bias");
        into.tell(ConfigField.KEY_BIAS, false, block + "attention.attention.key.bias");
        into.tell(ConfigField.MLP, tensors.require(block + "intermediate.dense.weight", 2).dimension(0), block + "intermediate.dense.weight");
        into.tellPresence(ConfigField.LAYER_SCALE, block + "lambda_1");
        String shared = prefix + "encoder." + TABLE;
        String own = block + "attention.attention." + TABLE;
        String table = tensors.has(shared) ? shared : own;
        into.tell(ConfigField.RELATIVE_POSITIONS, tensors.has(shared) ? RelativePositions.SHARED : tensors.has(own) ? RelativePositions.BY_BLOCK
                : RelativePositions.NONE, table);
        if (tensors.has(table)) {
            into.tell(ConfigField.HEADS, tensors.require(table, 2).dimension(1), table);
            into.tellRelativePositions(tensors.require(table, 2).dimension(0), table);
        }
        boolean pooler = tensors.has(prefix + "pooler.layernorm.weight");
        into.tell(ConfigField.FINAL_NORM, pooler ? FinalNorm.AFTER_POOLING : FinalNorm.BEFORE_POOLING, prefix + "pooler.layernorm.weight");
        into.tell(ConfigField.POOL, pooler ? Pooling.PATCH_MEAN : Pooling.TOKEN, prefix + "pooler.layernorm.weight");
        into.tellHead(CLASSIFIER);
    }

    @Override
    public List<TensorView> views(VitConfig config, Parameters parameters, TensorDirectory tensors) {
        String prefix = prefix(tensors);
        Renaming names = new Renaming(parameters);
        names.tensor(Parameters.CLASS_TOKEN, prefix + "embeddings.cls_token");
        names.tensor(Parameters.POSITIONS, prefix + "embeddings.position_embeddings");
        names.layer(Parameters.PATCH_PROJECTION, prefix + "embeddings.patch_embeddings.projection");
        names.tensor(Parameters.SHARED_RELATIVE_POSITIONS, prefix + "encoder." + TABLE);
        for (int i = 0; i < config.depth(); i++) {
            String block = prefix + "encoder.layer." + i + ".";
            String attention = block + "attention.attention.";
            names.thirds(Parameters.block(i, Parameters.QKV), attention + "query", attention + "key", attention + "value");
            names.tensor(Parameters.block(i, Parameters.QUERY_BIAS), attention + "query.bias");
            names.tensor(Parameters.block(i, Parameters.VALUE_BIAS), attention + "value.bias");
            names.tensor(Parameters.block(i, Parameters.RELATIVE_POSITIONS), attention + TABLE);
            names.layers(i, block, LAYERS);
            names.tensor(Parameters.block(i, Parameters.LAYER_SCALE_1), block + "lambda_1");
            names.tensor(Parameters.block(i, Parameters.LAYER_SCALE_2), block + "lambda_2");
        }
        names.layer(Parameters.finalNorm(config), prefix + (config.finalNorm() == FinalNorm.AFTER_POOLING ? "pooler.layernorm" : "layernorm"));
        names.layer(Parameters.HEAD, tensors.linearLayer(CLASSIFIER));
        return names.views();
    }

    /** The numbers of the relative positions, the mask token and the head of masked image models. */
    @Override
    public boolean isUnused(String name, TensorDirectory tensors) {
        return name.endsWith(INDEX) || name.equals(prefix(tensors) + "embeddings.mask_token") || name.startsWith("lm_head.") || name.startsWith("layernorm.");
    }
}
