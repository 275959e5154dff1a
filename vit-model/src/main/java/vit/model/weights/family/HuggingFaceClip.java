package vit.model.weights.family;

import vit.kernels.gelu.GeluKind;
import vit.kernels.tensor.Shape;
import vit.model.InputException;
import vit.model.config.HeadConfig;
import vit.model.config.VitConfig;
import vit.model.config.VitConfig.FinalNorm;
import vit.model.config.VitConfigBuilder;
import vit.model.parameters.Parameters;
import vit.model.weights.config.ConfigField;

/** Hugging Face transformers: the image tower of CLIP (Radford et al. 2021), with or without its projection to the space of the texts. */
final class HuggingFaceClip extends HuggingFaceTower {

    private static final String PRE_NORM = "pre_layrnorm"; // so written there
    private static final String PROJECTION = "visual_projection.weight";

    @Override
    public String id() {
        return "huggingface-clip";
    }

    @Override
    public String title(VitConfig config) {
        return "CLIP image tower";
    }

    @Override
    boolean hasClassToken() {
        return true;
    }

    @Override
    public VitConfigBuilder defaults() {
        return VitConfig.builder().family(id()).layerNormEps(1e-5).gelu(GeluKind.QUICK).preNorm(true).patchBias(false).headBias(false).patch(32).classes(0);
    }

    @Override
    void inferEnds(Inference into, String prefix) throws InputException {
        TensorDirectory tensors = into.tensors();
        into.tell(ConfigField.CLASS_TOKEN, true, prefix + CLASS_TOKEN);
        into.tellPresence(ConfigField.PRE_NORM, prefix + PRE_NORM + ".weight");
        if (isClassifier(tensors)) { // of the last block's output, without the last norm
            into.tell(ConfigField.FINAL_NORM, FinalNorm.NONE, "classifier.weight");
            into.tell(ConfigField.HEAD_BIAS, tensors.has("classifier.bias"), "classifier.bias");
            return;
        }
        boolean projection = tensors.has(PROJECTION);
        into.tellClasses(PROJECTION, 0);
        into.tell(ConfigField.HEAD, projection ? HeadConfig.Kind.PROJECTION : HeadConfig.Kind.CLASSIFIER, PROJECTION);
    }

    @Override
    void nameEnds(Renaming names, VitConfig config, String prefix) {
        names.tensor(Parameters.CLASS_TOKEN, prefix + CLASS_TOKEN, Shape.of(config.width()));
        names.layer(Parameters.PRE_NORM, prefix + PRE_NORM);
        if (config.isProjection()) {
            names.tensor(Parameters.HEAD + ".weight", PROJECTION);
        }
    }

    @Override
    public boolean isUnused(String name, TensorDirectory tensors) {
        return super.isUnused(name, tensors) || isClassifier(tensors) && name.startsWith(prefix(tensors) + "post_layernorm.");
    }
}
