package vit.model.weights.family;

import java.util.List;
import vit.model.InputException;
import vit.model.Parameters;
import vit.model.VitConfig;
import vit.model.VitConfig.Pooling;
import vit.model.VitConfig.Positions;
import vit.model.weights.config.ConfigField;

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
    public boolean recognises(TensorDirectory tensors) {
        return tensors.has(VitPytorch.PROJECTION) && !tensors.has("pos_embedding");
    }

    @Override
    public VitConfig.Builder defaults() {
        return VitPytorch.conventions().family(id()).classToken(false).outputBias(false)
                .positions(Positions.SINCOS_2D).pooling(Pooling.ALL_MEAN);
    }

    @Override
    public void infer(Inference into) throws InputException {
        VitPytorch.inferTransformer(into);
        into.tellClasses("linear_head.weight", 0);
    }

    @Override
    public List<TensorView> views(VitConfig config, Parameters parameters, TensorDirectory tensors) {
        Renaming names = new Renaming(parameters);
        VitPytorch.transformer(names, config, "0.to_out", "1.net.3");
        names.layer(Parameters.HEAD, "linear_head");
        return names.views();
    }
}
