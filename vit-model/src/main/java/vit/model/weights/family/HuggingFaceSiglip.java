package vit.model.weights.family;

import vit.kernels.gelu.GeluKind;
import vit.model.InputException;
import vit.model.config.VitConfig;
import vit.model.config.VitConfig.FinalNorm;
import vit.model.config.VitConfig.Pooling;
import vit.model.config.VitConfig.Positions;
import vit.model.config.VitConfigBuilder;
import vit.model.parameters.Parameters;
import vit.model.weights.config.ConfigField;

/**
 * Hugging Face transformers: the image tower of SigLIP and of SigLIP 2 with images of a fixed size (Zhai et al. 2023). A model without the attention
 * pooling gives the mean of its tokens.
 */
final class HuggingFaceSiglip extends HuggingFaceTower {

    private static final String HEAD = "head.";

    @Override
    public String id() {
        return "huggingface-siglip";
    }

    @Override
    public String title(VitConfig config) {
        return "SigLIP image tower";
    }

    @Override
    boolean hasClassToken() {
        return false;
    }

    @Override
    public Positions positions() {
        return Positions.LEARNED_PATCHES;
    }

    @Override
    public VitConfigBuilder defaults() {
        return VitConfig.builder().family(id()).gelu(GeluKind.TANH).classToken(false).positions(Positions.LEARNED_PATCHES).pooling(Pooling.PATCH_ATTENTION)
                .classes(0);
    }

    @Override
    void inferEnds(Inference into, String prefix) throws InputException {
        TensorDirectory tensors = into.tensors();
        into.tell(ConfigField.CLASS_TOKEN, false, prefix + CLASS_TOKEN);
        into.tell(ConfigField.FINAL_NORM, FinalNorm.BEFORE_POOLING, prefix + "post_layernorm.weight");
        if (!isClassifier(tensors)) {
            boolean attention = tensors.has(prefix + HEAD + "probe");
            into.tell(ConfigField.POOL, attention ? Pooling.PATCH_ATTENTION : Pooling.PATCH_MEAN, prefix + HEAD + "probe");
            into.tell(ConfigField.CLASSES, 0, "classifier.weight");
        }
    }

    @Override
    void nameEnds(Renaming names, VitConfig config, String prefix) {
        String head = prefix + HEAD;
        names.tensor(Parameters.POOL_QUERY, head + "probe");
        names.tensor(Parameters.POOL_QKV + ".weight", head + "attention.in_proj_weight");
        names.tensor(Parameters.POOL_QKV + ".bias", head + "attention.in_proj_bias");
        names.layer(Parameters.POOL_OUTPUT, head + "attention.out_proj");
        names.layer(Parameters.POOL_NORM, head + "layernorm");
        names.layer(Parameters.POOL_FC1, head + "mlp.fc1");
        names.layer(Parameters.POOL_FC2, head + "mlp.fc2");
    }

    /** A classifier's file holds the attention pooling of the pre-trained model, which it does not use. */
    @Override
    public boolean isUnused(String name, TensorDirectory tensors) {
        return super.isUnused(name, tensors) || isClassifier(tensors) && name.startsWith(prefix(tensors) + HEAD);
    }
}
