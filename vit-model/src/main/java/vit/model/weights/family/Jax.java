package vit.model.weights.family;

import java.util.ArrayList;
import java.util.List;
import vit.kernels.gelu.GeluKind;
import vit.kernels.tensor.Shape;
import vit.model.InputException;
import vit.model.config.VitConfig;
import vit.model.config.VitConfig.Pooling;
import vit.model.config.VitConfig.Positions;
import vit.model.config.VitConfigBuilder;
import vit.model.parameters.Parameter;
import vit.model.parameters.Parameters;
import vit.model.positions.PositionResampling;
import vit.model.weights.config.ConfigField;

/**
 * Google's JAX files: the {@code .npz} files of vision_transformer and of big_vision. Kernels are (in, out); those of attention are split by
 * heads: query (C, H, D), out (H, D, C). The GELU is the default of {@code jax.nn.gelu}, the tanh form.
 */
public final class Jax implements WeightFamily {

    private static final String ID = "jax";
    private static final String PATCHES = "embedding/kernel";
    private static final String NORM = "Transformer/encoder_norm/scale";
    private static final String MAP = "MAPHead_0/";
    private static final List<String> PREFIXES = List.of("", "opt/target/", "params/", "params/img/", "img/");

    @Override
    public String id() {
        return ID;
    }

    @Override
    public List<String> aliases() {
        return List.of("jax npz", "flax", "big_vision", "google");
    }

    @Override
    public String library() {
        return "JAX";
    }

    @Override
    public String title(VitConfig config) {
        return isSiglip(config) ? "SigLIP image tower" : "ViT";
    }

    @Override
    public Signs signs(TensorDirectory tensors) {
        String prefix = PREFIXES.stream().filter(p -> tensors.has(p + PATCHES) && tensors.has(p + NORM)).findFirst().orElse("");
        return Signs.in(tensors).with(prefix + PATCHES).with(prefix + NORM);
    }

    /** Whether this is a model of big_vision's SigLIP: attention pools the patches, and there is neither a class token nor a layer after it. */
    public static boolean isSiglip(VitConfig config) {
        return config.family().equals(ID) && config.pooling() == Pooling.PATCH_ATTENTION && !config.classToken() && config.classes() == 0;
    }

    @Override
    public PositionResampling positionResampling() {
        return PositionResampling.JAX;
    }

    @Override
    public VitConfigBuilder defaults() {
        return VitConfig.builder().family(id()).gelu(GeluKind.TANH);
    }

    /** The names of one file. */
    private record Names(String prefix, boolean bigVision, boolean stacked, String positions) {

        static Names of(TensorDirectory tensors) {
            String prefix = PREFIXES.stream().filter(p -> tensors.has(p + PATCHES)).findFirst()
                    .or(() -> PREFIXES.stream().filter(p -> tensors.has(p + NORM)).findFirst()).orElse("");
            boolean stacked = tensors.has(prefix + "Transformer/encoderblock/LayerNorm_0/scale");
            String block = prefix + "Transformer/encoderblock" + (stacked ? "/" : "_0/");
            boolean bigVision = tensors.has(block + "LayerNorm_1/scale") || tensors.has(block + "MultiHeadDotProductAttention_0/query/kernel");
            boolean outside = tensors.has(prefix + "pos_embedding") || bigVision && !tensors.has(prefix + "Transformer/posembed_input/pos_embedding");
            return new Names(prefix, bigVision, stacked, prefix + (outside ? "pos_embedding" : "Transformer/posembed_input/pos_embedding"));
        }

        String block(int i) {
            return prefix + "Transformer/encoderblock_" + i + "/";
        }

        /** A tensor of block 0, stacked or not. */
        String first(String part) {
            return (stacked ? prefix + "Transformer/encoderblock/" : block(0)) + part;
        }

        String attention() {
            return bigVision ? "MultiHeadDotProductAttention_0/" : "MultiHeadDotProductAttention_1/";
        }

        String norm2() {
            return bigVision ? "LayerNorm_1" : "LayerNorm_2";
        }

        String mlp() {
            return bigVision ? "MlpBlock_0/" : "MlpBlock_3/";
        }
    }

    /** Not every token: big_vision adds positions before it puts the class token in front. */
    @Override
    public Positions positions() {
        return null;
    }

    @Override
    public boolean hasSquareGridsOnly() {
        return true;
    }

    @Override
    public void infer(Inference into) throws InputException {
        TensorDirectory tensors = into.tensors();
        Names names = Names.of(tensors);
        Shape patch = tensors.require(names.prefix + "embedding/kernel", 4);
        into.tellPatch(patch.dimension(0), patch.dimension(1), names.prefix + "embedding/kernel");
        BackboneTensors backbone = BackboneTensors.jax(names.prefix);
        backbone.infer(into);
        if (!backbone.isIn(tensors)) {
            into.tell(ConfigField.CHANNELS, patch.dimension(2), names.prefix + "embedding/kernel");
        }
        into.tell(ConfigField.WIDTH, patch.dimension(3), names.prefix + "embedding/kernel");
        into.tellPositions(tensors.require(names.positions, 3).dimension(1), names.positions);
        into.tellPresence(ConfigField.CLASS_TOKEN, names.prefix + "cls");
        if (tensors.has(names.prefix + MAP + "probe")) {
            into.tell(ConfigField.POOL, tensors.has(names.prefix + "cls") ? Pooling.ALL_ATTENTION : Pooling.PATCH_ATTENTION, names.prefix + MAP + "probe");
        } else {
            into.suggest(ConfigField.POOL, tensors.has(names.prefix + "cls") ? Pooling.TOKEN : Pooling.PATCH_MEAN, names.prefix + "cls");
        }
        into.tellPresence(ConfigField.PRE_LOGITS, names.prefix + "pre_logits/kernel");
        into.tellClasses(names.prefix + "head/kernel", 1);
        int depth = names.stacked
                ? tensors.require(names.first("LayerNorm_0/scale"), 2).dimension(0)
                : tensors.blocks(names.prefix + "Transformer/encoderblock_", '/');
        into.tell(ConfigField.DEPTH, depth, names.prefix + "Transformer/encoderblock*");
        String query = names.first(names.attention() + "query/kernel");
        if (tensors.has(query)) {
            Shape shape = tensors.require(query, names.stacked ? 4 : 3);
            into.tell(ConfigField.HEADS, shape.dimension(-2), query);
            into.tell(ConfigField.HEAD_DIM, shape.dimension(-1), query);
            String fc1 = names.first(names.mlp() + "Dense_0/kernel");
            into.tell(ConfigField.MLP, tensors.require(fc1, names.stacked ? 3 : 2).dimension(-1), fc1);
        }
    }

    @Override
    public List<TensorView> views(VitConfig config, Parameters parameters, TensorDirectory tensors) {
        Names names = Names.of(tensors);
        List<TensorView> views = new ArrayList<>();
        BackboneTensors backbone = BackboneTensors.jax(names.prefix);
        views.addAll(backbone.views(config, parameters, tensors));
        outside(views, names, backbone, config, parameters);
        for (int i = 0; i < config.depth(); i++) {
            List<TensorView> block = new ArrayList<>();
            block(block, names, i, config, parameters);
            for (TensorView view : block) {
                String part = view.fileName().substring(names.block(i).length());
                views.add(names.stacked ? view.stacked(names.first(part), i, config.depth()) : view);
            }
        }
        return views;
    }

    private static void outside(List<TensorView> views, Names names, BackboneTensors backbone, VitConfig c, Parameters parameters) {
        whole(views, names.prefix + "cls", parameters.find(Parameters.CLASS_TOKEN));
        whole(views, names.positions, parameters.find(Parameters.POSITIONS));
        int patch = c.patch();
        views.add(c.stem().backbone() != null ? backbone.weight(names.prefix + "embedding/kernel", parameters.find(Parameters.PATCH_PROJECTION + ".weight"))
                : TensorView.strided(names.prefix + "embedding/kernel", Shape.of(patch, patch, c.channels(), c.width()),
                        Parameters.PATCH_PROJECTION + ".weight", 0, patch, 1, patch * patch, c.patchElements()));
        whole(views, names.prefix + "embedding/bias", parameters.find(Parameters.PATCH_PROJECTION + ".bias"));
        norm(views, names.prefix + "Transformer/encoder_norm", Parameters.finalNorm(c), parameters);
        if (c.pooling().isAttention()) {
            String head = names.prefix + MAP;
            whole(views, head + "probe", parameters.find(Parameters.POOL_QUERY));
            attention(views, head + "MultiHeadDotProductAttention_0/", Parameters.POOL_QKV, Parameters.POOL_OUTPUT, c, parameters);
            norm(views, head + "LayerNorm_0", Parameters.POOL_NORM, parameters);
            dense(views, head + "MlpBlock_0/Dense_0", Parameters.POOL_FC1, parameters);
            dense(views, head + "MlpBlock_0/Dense_1", Parameters.POOL_FC2, parameters);
        }
        dense(views, names.prefix + "pre_logits", Parameters.PRE_LOGITS, parameters);
        dense(views, names.prefix + "head", Parameters.HEAD, parameters);
    }

    private static void block(List<TensorView> views, Names names, int i, VitConfig c, Parameters parameters) {
        String block = names.block(i);
        norm(views, block + "LayerNorm_0", Parameters.block(i, Parameters.NORM_1), parameters);
        attention(views, block + names.attention(), Parameters.block(i, Parameters.QKV), Parameters.block(i, Parameters.ATTENTION_OUTPUT), c, parameters);
        norm(views, block + names.norm2(), Parameters.block(i, Parameters.NORM_2), parameters);
        dense(views, block + names.mlp() + "Dense_0", Parameters.block(i, Parameters.FC1), parameters);
        dense(views, block + names.mlp() + "Dense_1", Parameters.block(i, Parameters.FC2), parameters);
    }

    /** An attention of which the file has query, key, value and output, each split by heads. */
    private static void attention(List<TensorView> views, String name, String qkv, String out, VitConfig c, Parameters parameters) {
        int width = c.width();
        int heads = c.heads();
        int headDim = c.headDim();
        String[] parts = {"query", "key", "value"};
        for (int part = 0; part < 3; part++) {
            int rows = part * c.inner();
            views.add(TensorView.strided(name + parts[part] + "/kernel", Shape.of(width, heads, headDim), qkv + ".weight", rows * width, 1, headDim * width, width));
            if (parameters.find(qkv + ".bias") != null) {
                views.add(TensorView.part(name + parts[part] + "/bias", Shape.of(heads, headDim), qkv + ".bias", rows));
            }
        }
        views.add(TensorView.strided(name + "out/kernel", Shape.of(heads, headDim, width), out + ".weight", 0, headDim, 1, c.inner()));
        whole(views, name + "out/bias", parameters.find(out + ".bias"));
    }

    private static void whole(List<TensorView> views, String name, Parameter parameter) {
        if (parameter != null) {
            views.add(TensorView.whole(name, parameter.shape(), parameter));
        }
    }

    private static void norm(List<TensorView> views, String name, String canonical, Parameters parameters) {
        whole(views, name + "/scale", parameters.find(canonical + ".weight"));
        whole(views, name + "/bias", parameters.find(canonical + ".bias"));
    }

    /** A kernel (in, out) is the transposed weight (out, in). */
    private static void dense(List<TensorView> views, String name, String canonical, Parameters parameters) {
        Parameter weight = parameters.find(canonical + ".weight");
        if (weight != null) {
            views.add(TensorView.strided(name + "/kernel", Shape.of(weight.in(), weight.out()), weight.name(), 0, 1, weight.in()));
        }
        whole(views, name + "/bias", parameters.find(canonical + ".bias"));
    }

    /** Besides the parameters, a checkpoint may hold the optimiser's state and, if it is of an image-text pair of networks, the text network. */
    @Override
    public boolean isUnused(String name, TensorDirectory tensors) {
        String prefix = Names.of(tensors).prefix;
        return !prefix.isEmpty() && !name.startsWith(prefix);
    }
}
