package vit.model.weights.family;

import java.util.List;
import vit.model.InputException;
import vit.model.config.VitConfig;
import vit.model.config.VitConfig.Pooling;
import vit.model.config.VitConfig.Positions;
import vit.model.config.VitConfigBuilder;
import vit.model.parameters.Parameters;

/** vit-pytorch's {@code SimpleViT}: fixed 2-D sine and cosine positions, mean of the patches, no class token. */
final class VitPytorchSimple implements WeightFamily {

    @Override
    public String id() {
        return "vit-pytorch-simple";
    }

    @Override
    public List<String> aliases() {
        return List.of("vit-pytorch SimpleViT", "SimpleViT");
    }

    @Override
    public String library() {
        return "vit-pytorch";
    }

    @Override
    public String title(VitConfig config) {
        return "SimpleViT";
    }

    @Override
    public Signs signs(TensorDirectory tensors) {
        return Signs.in(tensors).withMatrix(VitPytorchNames.projections()).without("pos_embedding");
    }

    @Override
    public VitConfigBuilder defaults() {
        return VitPytorch.conventions().family(id()).classToken(false).outputBias(false)
                .positions(Positions.SINCOS_2D).pooling(Pooling.ALL_MEAN);
    }

    private static VitPytorchNames names(TensorDirectory tensors) {
        return VitPytorchNames.of(tensors, "linear_head", "to_out", "3");
    }

    @Override
    public void infer(Inference into) throws InputException {
        VitPytorchNames names = names(into.tensors());
        VitPytorch.inferTransformer(into, names);
        into.tellHead(names.head());
    }

    @Override
    public List<TensorView> views(VitConfig config, Parameters parameters, TensorDirectory tensors) {
        Renaming names = new Renaming(parameters);
        VitPytorch.transformer(names, names(tensors), config);
        return names.views();
    }
}
