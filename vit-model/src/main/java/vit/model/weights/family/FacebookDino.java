package vit.model.weights.family;

import java.util.List;
import vit.model.config.VitConfig;
import vit.model.config.VitConfig.Positions;
import vit.model.config.VitConfigBuilder;
import vit.model.parameters.Parameters;
import vit.model.positions.PositionResampling;

/**
 * Facebook Research's own files of DINO (Caron et al. 2021) and DINOv2 (Oquab et al. 2023), whose names are timm's. They differ in the method by which
 * positions are resampled, and DINOv2's files hold a mask token.
 */
final class FacebookDino extends Timm {

    private static final String MASK_TOKEN = "mask_token";

    private final boolean registers;

    /** @param registers whether these are the models with registers, whose positions are resampled by another method */
    FacebookDino(boolean registers) {
        this.registers = registers;
    }

    @Override
    public String id() {
        return registers ? "dino-registers" : "dino";
    }

    @Override
    public List<String> aliases() {
        return registers ? List.of("dinov2 registers", "facebook dinov2 registers") : List.of("dinov2", "facebook dino", "facebook dinov2");
    }

    @Override
    public String library() {
        return "Facebook Research";
    }

    @Override
    public String title(VitConfig config) {
        return config.registers() > 0 ? "DINOv2 with registers" : config.layerScale() ? "DINOv2" : "DINO";
    }

    @Override
    public Signs signs(TensorDirectory tensors) {
        return super.signs(tensors).with(MASK_TOKEN).having(registers, FACEBOOK_REGISTERS);
    }

    /** DINO's files look like headless files of timm; only a configuration tells them apart. */
    @Override
    public Signs signsIfNamed(TensorDirectory tensors) {
        Signs signs = super.signs(tensors);
        return registers ? signs : signs.without(FACEBOOK_REGISTERS);
    }

    @Override
    public Positions positions() {
        return Positions.LEARNED_CLASS_AND_PATCHES;
    }

    @Override
    public VitConfigBuilder defaults() {
        VitConfigBuilder builder = VitConfig.builder().family(id()).classes(0);
        return registers ? builder.registers(4).positions(Positions.LEARNED_CLASS_AND_PATCHES).layerScale(true) : builder;
    }

    @Override
    public PositionResampling positionResampling() {
        return registers ? PositionResampling.TIMM : PositionResampling.DINO;
    }

    @Override
    public List<TensorView> views(VitConfig config, Parameters parameters, TensorDirectory tensors) {
        return super.views(config, parameters, tensors).stream()
                .map(view -> registers && view.fileName().equals(Parameters.REGISTER_TOKENS) ? view.named(FACEBOOK_REGISTERS) : view).toList();
    }

    @Override
    public boolean isUnused(String name, TensorDirectory tensors) {
        return name.equals(MASK_TOKEN) || super.isUnused(name, tensors);
    }
}
