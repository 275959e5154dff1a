package vit.model.weights.family;

import java.util.List;
import java.util.Map;
import vit.kernels.tensor.Shape;
import vit.model.InputException;
import vit.model.config.VitConfig;
import vit.model.config.VitConfig.FinalNorm;
import vit.model.config.VitConfig.Pooling;
import vit.model.parameters.Parameters;
import vit.model.positions.PositionResampling;
import vit.model.weights.config.ConfigField;

/**
 * The names that transformers gives the image towers of CLIP and SigLIP. A file may hold the whole model, text tower included, or the image tower alone; since
 * version 5.6 a tower alone has no {@code vision_model.} in front of its names.
 */
abstract class HuggingFaceTower implements WeightFamily {

    static final String TOWER = "vision_model.";

    static final String CLASS_TOKEN = "embeddings.class_embedding";

    private static final String PATCHES = "embeddings.patch_embedding";
    private static final String POSITIONS = "embeddings.position_embedding.weight";
    private static final String CLASSIFIER = "classifier";
    private static final List<String> TEXT = List.of("text_model.", "text_projection.");
    private static final List<String> SCALARS = List.of("logit_scale", "logit_bias");

    private static final Map<String, String> LAYERS = Map.of(Parameters.NORM_1, "layer_norm1", Parameters.ATTENTION_OUTPUT, "self_attn.out_proj",
            Parameters.NORM_2, "layer_norm2", Parameters.FC1, "mlp.fc1", Parameters.FC2, "mlp.fc2");

    /** Whether this tower has a class token. */
    abstract boolean hasClassToken();

    /** Tells what is before the blocks and after them. */
    abstract void inferEnds(Inference into, String prefix) throws InputException;

    /** Names what is before the blocks and after them. */
    abstract void nameEnds(Renaming names, VitConfig config, String prefix);

    @Override
    public List<String> aliases() {
        return List.of();
    }

    @Override
    public String library() {
        return "Hugging Face";
    }

    @Override
    public Signs signs(TensorDirectory tensors) {
        String prefix = prefix(tensors);
        return Signs.in(tensors).with(prefix + PATCHES + ".weight").having(hasClassToken(), prefix + CLASS_TOKEN);
    }

    /** The prefix of the tower's names. */
    static String prefix(TensorDirectory tensors) {
        return tensors != TensorDirectory.empty() && tensors.has(PATCHES + ".weight") ? "" : TOWER;
    }

    @Override
    public PositionResampling positionResampling() {
        return PositionResampling.HUGGING_FACE;
    }

    /** Whether the file is of a classifier that pools the mean of the patches. */
    static boolean isClassifier(TensorDirectory tensors) {
        return tensors.has(CLASSIFIER + ".weight");
    }

    @Override
    public List<String> unstatedConventions(VitConfig assumed) {
        return List.of("layer_norm_eps " + assumed.layerNormEps(), "gelu " + assumed.gelu().name().toLowerCase(java.util.Locale.ROOT));
    }

    @Override
    public void infer(Inference into) throws InputException {
        TensorDirectory tensors = into.tensors();
        String prefix = prefix(tensors);
        into.tellFromConvolution(prefix + PATCHES + ".weight");
        into.tell(ConfigField.PATCH_BIAS, !hasClassToken() || tensors.has(prefix + PATCHES + ".bias"), prefix + PATCHES + ".bias"); // SigLIP always has one
        into.tell(ConfigField.DEPTH, tensors.blocks(prefix + "encoder.layers.", '.'), prefix + "encoder.layers.*");
        into.tellPositions(tensors.require(prefix + POSITIONS, 2).dimension(0), prefix + POSITIONS);
        String query = prefix + "encoder.layers.0.self_attn.q_proj.weight";
        if (tensors.has(query)) {
            into.tellInner(tensors.require(query, 2).dimension(0), query);
            into.tell(ConfigField.MLP, tensors.require(prefix + "encoder.layers.0.mlp.fc1.weight", 2).dimension(0), prefix + "encoder.layers.0.mlp.fc1.weight");
        }
        if (isClassifier(tensors)) {
            into.tellHead(CLASSIFIER);
            into.tell(ConfigField.POOL, Pooling.PATCH_MEAN, CLASSIFIER + ".weight");
        }
        inferEnds(into, prefix);
    }

    @Override
    public List<TensorView> views(VitConfig config, Parameters parameters, TensorDirectory tensors) {
        String prefix = prefix(tensors);
        Renaming names = new Renaming(parameters);
        names.layer(Parameters.PATCH_PROJECTION, prefix + PATCHES);
        names.tensor(Parameters.POSITIONS, prefix + POSITIONS, Shape.of(config.positionRows(), config.width()));
        for (int i = 0; i < config.depth(); i++) {
            String block = prefix + "encoder.layers." + i + ".";
            names.thirds(Parameters.block(i, Parameters.QKV), block + "self_attn.q_proj", block + "self_attn.k_proj", block + "self_attn.v_proj");
            names.layers(i, block, LAYERS);
        }
        if (config.finalNorm() != FinalNorm.NONE) {
            names.layer(Parameters.finalNorm(config), prefix + "post_layernorm");
        }
        if (!config.isProjection()) {
            names.layer(Parameters.HEAD, CLASSIFIER);
        }
        nameEnds(names, config, prefix);
        return names.views();
    }

    /** The text tower, the scale of the loss, and the numbers of the positions, which older files hold. */
    @Override
    public boolean isUnused(String name, TensorDirectory tensors) {
        return TEXT.stream().anyMatch(name::startsWith) || SCALARS.contains(name) || name.equals(prefix(tensors) + "embeddings.position_ids");
    }
}
