package vit.model.image;

import java.util.List;
import vit.model.InputException;
import vit.model.json.JsonObject;
import vit.model.json.Relaxed;

/**
 * OpenCLIP's {@code open_clip_config.json}: {@code preprocess_cfg}, as {@code image_transform} runs it for evaluation. The size is that of the model, as in
 * OpenCLIP.
 */
final class OpenClipPreprocessing {

    static final String FIELD = "preprocess_cfg";

    /** The field with the model, which every such file has. If the one above is missing, OpenCLIP preprocesses as for OpenAI's models. */
    static final String MODEL = "model_cfg";

    private OpenClipPreprocessing() {}

    static Preprocessing read(JsonObject config) throws InputException {
        List<Double> mean = TimmPreprocessing.triple(config, "mean", Normalization.CLIP.mean());
        List<Double> std = TimmPreprocessing.triple(config, "std", Normalization.CLIP.std());
        return new Preprocessing(config.source(), fit(config), 0, 0, 1, 0, 0, filter(config), Convention.TORCH,
                TimmPreprocessing.normalization(config, "std", Normalization.PER_255, mean, std));
    }

    private static Fit fit(JsonObject config) throws InputException {
        String mode = Relaxed.text(config, "resize_mode", "shortest");
        return switch (mode) {
            case "shortest" -> Fit.SHORT_SIDE;
            case "squash" -> Fit.SQUASH;
            default -> throw config.fault("resize_mode").expected("shortest or squash").found(mode).because("this way of resizing is not offered");
        };
    }

    /** {@code random} chooses between two filters in training; for evaluation OpenCLIP takes the bicubic one. */
    private static Filter filter(JsonObject config) throws InputException {
        String name = Relaxed.text(config, "interpolation", "bicubic");
        return switch (name) {
            case "bicubic", "random" -> Filter.BICUBIC;
            case "bilinear" -> Filter.BILINEAR;
            default -> throw config.fault("interpolation").expected("bicubic, bilinear or random").found(name).because("this interpolation is not offered");
        };
    }
}
