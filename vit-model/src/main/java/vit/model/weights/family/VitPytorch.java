package vit.model.weights.family;

import java.util.HashSet;
import java.util.List;
import java.util.Set;
import vit.kernels.patchembed.PatchOrder;
import vit.kernels.tensor.Shape;
import vit.model.InputException;
import vit.model.config.VitConfig;
import vit.model.config.VitConfig.FinalNorm;
import vit.model.config.VitConfig.Pooling;
import vit.model.config.VitConfigBuilder;
import vit.model.parameters.Parameters;
import vit.model.weights.config.ConfigField;

/**
 * vit-pytorch's {@code ViT}: a LayerNorm before and after the patch projection, patch vectors in the order (p1 p2 c), no
 * bias in the projection to query, key and value. Since November 2025, the class token and the positions have no batch axis, and models that
 * pool the mean have no class token: its tensor has no rows. {@link VitPytorchNames} has the names of older versions.
 */
final class VitPytorch implements WeightFamily {

    private static final String TOKEN = "cls_token";
    private static final String POSITIONS = "pos_embedding";
    private static final String OLD_PROJECTION = "patch_to_embedding.weight";

    @Override
    public String id() {
        return "vit-pytorch";
    }

    @Override
    public List<String> aliases() {
        return List.of("vit-pytorch ViT", "lucidrains");
    }

    @Override
    public String library() {
        return "vit-pytorch";
    }

    @Override
    public String title(VitConfig config) {
        return "ViT";
    }

    @Override
    public Signs signs(TensorDirectory tensors) {
        Signs signs = Signs.in(tensors).with(POSITIONS);
        return tensors.has(OLD_PROJECTION) ? signs.with(OLD_PROJECTION) : signs.withMatrix(VitPytorchNames.projections());
    }

    @Override
    public VitConfigBuilder defaults() {
        return conventions().family(id());
    }

    static VitConfigBuilder conventions() {
        return VitConfig.builder().layerNormEps(1e-5).qkvBias(false).patchOrder(PatchOrder.CHANNEL_LAST).patchNorm(true);
    }

    private static VitPytorchNames names(TensorDirectory tensors) {
        return VitPytorchNames.of(tensors, "mlp_head", "to_out.0", "4");
    }

    /** Whether there is a class token. With mean pooling its tensor is empty. */
    private static boolean hasToken(TensorDirectory tensors) {
        return tensors.has(TOKEN) && tensors.find(TOKEN).size() > 0;
    }

    @Override
    public List<String> unstatedConventions(VitConfig assumed) {
        return assumed.pooling() == Pooling.TOKEN ? List.of("pool token") : List.of();
    }

    @Override
    public void infer(Inference into) throws InputException {
        TensorDirectory tensors = into.tensors();
        if (!Signs.in(tensors).withMatrix(VitPytorchNames.projections()).hold()) {
            throw InputException.in(tensors.file()).tensor(tensors.nameInFile(OLD_PROJECTION)).expected("names of vit-pytorch 0.8 or newer").found("older ones")
                    .remedy("load the file in vit-pytorch 0.8 or newer under its present names, and save it again")
                    .because("the file does not tell how attention is scaled: among the versions with these names some divide by the square root of the"
                            + " model's width, some by that of a head's");
        }
        VitPytorchNames names = names(tensors);
        inferTransformer(into, names);
        Shape positions = tensors.find(POSITIONS);
        into.tellPositions(tensors.require(POSITIONS, positions.rank() == 3 ? 3 : 2).dimension(-2), POSITIONS);
        into.tell(ConfigField.CLASS_TOKEN, hasToken(tensors), TOKEN);
        if (!hasToken(tensors)) {
            into.suggest(ConfigField.POOL, Pooling.ALL_MEAN, TOKEN);
        }
        into.tellHead(names.head());
        String output = names.first(names.attentionOutput(), ".weight");
        into.tellPresence(ConfigField.OUTPUT_BIAS, names.first(names.attentionOutput(), ".bias"));
        if (!tensors.has(output) && into.inner() == tensors.require(names.projection() + ".weight", 2).dimension(0)) {
            into.tell(ConfigField.HEADS, 1, output); // this version leaves the projection out if one head is as wide as the model
        }
    }

    /** Tells what ViT and SimpleViT have in common. */
    static void inferTransformer(Inference into, VitPytorchNames names) throws InputException {
        TensorDirectory tensors = into.tensors();
        String weight = names.projection() + ".weight";
        Shape projection = tensors.require(weight, 2);
        into.tell(ConfigField.WIDTH, projection.dimension(0), weight);
        into.tell(ConfigField.PATCH_NORM, names.patchNorm(), weight);
        // The shape shows only channels · patch². Three channels are assumed, or else the least number for which the patch is a square.
        int elements = projection.dimension(1);
        for (int channels : new int[] {3, 1, 2, 4}) {
            int side = (int) Math.round(Math.sqrt((double) elements / channels));
            if ((long) side * side * channels == elements) {
                into.suggest(ConfigField.CHANNELS, channels, weight);
                into.suggest(ConfigField.PATCH, side, weight);
                break;
            }
        }
        into.tell(ConfigField.FINAL_NORM, names.normAfterPooling() ? FinalNorm.AFTER_POOLING : FinalNorm.BEFORE_POOLING, names.finalNorm() + ".weight");
        into.tell(ConfigField.DEPTH, tensors.blocks(VitPytorchNames.BLOCKS, '.'), VitPytorchNames.BLOCKS + "*");
        String qkv = names.first(names.qkv(), ".weight");
        if (tensors.has(qkv)) {
            into.tellInnerFromQkv(tensors.require(qkv, 2).dimension(0), qkv);
            into.tellPresence(ConfigField.QKV_BIAS, names.first(names.qkv(), ".bias"));
            String fc1 = names.first(names.fc1(), ".weight");
            into.tell(ConfigField.MLP, tensors.require(fc1, 2).dimension(0), fc1);
        }
    }

    @Override
    public List<TensorView> views(VitConfig config, Parameters parameters, TensorDirectory tensors) {
        Shape token = tensors.find(TOKEN);
        Shape positions = tensors.find(POSITIONS);
        VitPytorchNames layers = names(tensors);
        Renaming names = new Renaming(parameters);
        names.tensor(Parameters.CLASS_TOKEN, TOKEN, token != null && token.rank() == 3 ? Shape.of(1, 1, config.width()) : Shape.of(1, config.width()));
        int rows = config.positions() == VitConfig.Positions.LEARNED ? config.tokens() : config.patches();
        names.tensor(Parameters.POSITIONS, POSITIONS, positions != null && positions.rank() == 3 ? Shape.of(1, rows, config.width()) : Shape.of(rows, config.width()));
        Set<String> left = identities(config, tensors);
        transformer(names, layers, config);
        return names.views().stream().filter(view -> !left.contains(view.parameter())).toList();
    }

    /** The views that ViT and SimpleViT have in common. */
    static void transformer(Renaming names, VitPytorchNames layers, VitConfig config) {
        names.layer(Parameters.PATCH_NORM_BEFORE, "to_patch_embedding.1");
        names.layer(Parameters.PATCH_PROJECTION, layers.projection());
        names.layer(Parameters.PATCH_NORM_AFTER, "to_patch_embedding.3");
        for (int i = 0; i < config.depth(); i++) {
            names.layers(i, VitPytorchNames.BLOCKS + i + ".", layers.layers());
        }
        names.layer(Parameters.finalNorm(config), layers.finalNorm());
        names.layer(Parameters.HEAD, layers.head());
    }

    /** The output projection, if there is one head that is as wide as the model: {@code to_out} is then {@code nn.Identity}. */
    @Override
    public Set<String> identities(VitConfig config, TensorDirectory tensors) {
        Set<String> identities = new HashSet<>();
        if (tensors != TensorDirectory.empty() && config.heads() == 1 && config.inner() == config.width()) {
            VitPytorchNames names = names(tensors);
            for (int i = 0; i < config.depth(); i++) {
                if (!tensors.has(VitPytorchNames.BLOCKS + i + "." + names.attentionOutput() + ".weight")) {
                    identities.add(Parameters.block(i, Parameters.ATTENTION_OUTPUT) + ".weight");
                }
            }
        }
        return identities;
    }

    @Override
    public boolean isUnused(String name, TensorDirectory tensors) {
        return name.equals(TOKEN) && !hasToken(tensors);
    }
}
