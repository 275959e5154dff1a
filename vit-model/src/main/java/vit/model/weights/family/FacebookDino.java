package vit.model.weights.family;

import java.util.List;
import vit.model.config.VitConfig;
import vit.model.config.VitConfig.Positions;
import vit.model.config.VitConfigBuilder;
import vit.model.positions.PositionResampling;

/**
 * Facebook Research's own files of DINO (Caron et al. 2021) and DINOv2 (Oquab et al. 2023), whose names are timm's. They differ in the method by which
 * positions are resampled, and DINOv2's files hold a mask token.
 */
final class FacebookDino extends Timm {

    private static final String MASK_TOKEN = "mask_token";

    @Override
    public String id() {
        return "dino";
    }

    @Override
    public List<String> aliases() {
        return List.of("dinov2", "facebook dino", "facebook dinov2");
    }

    @Override
    public boolean recognises(TensorDirectory tensors) {
        return super.recognises(tensors) && tensors.has(MASK_TOKEN);
    }

    /** DINO's files look like headless files of timm; only a configuration tells them apart. */
    @Override
    public boolean reads(TensorDirectory tensors) {
        return super.recognises(tensors);
    }

    @Override
    public Positions positions() {
        return Positions.LEARNED_CLASS_AND_PATCHES;
    }

    @Override
    public VitConfigBuilder defaults() {
        return VitConfig.builder().family(id()).classes(0);
    }

    @Override
    public PositionResampling positionResampling() {
        return PositionResampling.DINO;
    }

    @Override
    public boolean isUnused(String name, TensorDirectory tensors) {
        return name.equals(MASK_TOKEN) || super.isUnused(name, tensors);
    }
}
