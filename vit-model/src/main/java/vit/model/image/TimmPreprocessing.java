package vit.model.image;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import java.util.Optional;
import vit.model.InputException;
import vit.model.json.JsonArray;
import vit.model.json.JsonObject;
import vit.model.json.JsonValue;
import vit.model.json.Relaxed;

/** timm's {@code pretrained_cfg}: {@code resolve_data_config} and {@code transforms_imagenet_eval}, with their defaults. */
final class TimmPreprocessing {

    private static final double DEFAULT_CROP = 0.875;

    private TimmPreprocessing() {}

    /** Whether a flat document is a timm configuration: model configurations of other forms share none of these fields. */
    static boolean speaksOf(JsonObject document) {
        return document.has("interpolation") || document.has("crop_pct") || document.has("input_size") && document.has("mean");
    }

    static Preprocessing read(JsonObject config) throws InputException {
        int[] output = output(config);
        double crop = Relaxed.number(config, "crop_pct", DEFAULT_CROP);
        if (!(crop >= 0.01 && crop <= 100)) {
            throw config.fault("crop_pct").expected("0.01 … 100").found(crop).because("the crop fraction is out of range");
        }
        List<Double> mean = triple(config, "mean", Normalization.IMAGENET.mean());
        List<Double> std = triple(config, "std", Normalization.IMAGENET.std());
        return new Preprocessing(config.source(), fit(config), 0, 0, crop, output[0], output[1], config.has("interpolation") ? filter(config.get("interpolation")) : Filter.BICUBIC, Convention.TORCH,
                normalization(config, "std", Normalization.PER_255, mean, std));
    }

    private static int[] output(JsonObject config) throws InputException {
        Optional<JsonArray> size = config.optionalArray("input_size");
        if (size.isEmpty()) {
            return new int[2];
        }
        int[] shape = new int[size.get().size()]; // channels, height, width
        for (int i = 0; i < shape.length; i++) {
            shape[i] = Relaxed.integer(size.get().get(i));
        }
        if (shape.length != 3 || shape[0] != RgbImage.CHANNELS || shape[1] < 1 || shape[2] < 1 || shape[1] > 1 << 16 || shape[2] > 1 << 16) {
            throw config.fault("input_size").expected("[3, height, width]").found(Arrays.toString(shape))
                    .because("the input is not a colour image");
        }
        return new int[] {shape[1], shape[2]};
    }

    private static Fit fit(JsonObject config) throws InputException {
        String mode = Relaxed.text(config, "crop_mode", "center");
        return switch (mode) {
            case "center" -> Fit.SHORT_SIDE;
            case "squash" -> Fit.SQUASH;
            case "border" -> Fit.INSIDE;
            default -> throw config.fault("crop_mode").expected("center, squash or border").found(mode)
                    .because("there is no such crop mode");
        };
    }

    /** A filter by Pillow's name or Pillow's number. */
    static Filter filter(JsonValue value) throws InputException {
        Filter filter = Relaxed.isNumber(value) ? Filter.numbered(Relaxed.integer(value)) : Filter.named(Relaxed.text(value));
        if (filter == null) {
            throw value.fault().expected("0 nearest, 1 lanczos, 2 bilinear, 3 bicubic, 4 box or 5 hamming").found(value).because("this interpolation is not offered");
        }
        return filter;
    }

    /** Three numbers, or one that stands for three. */
    static List<Double> triple(JsonObject config, String field, List<Double> otherwise) throws InputException {
        if (!config.has(field)) {
            return otherwise;
        }
        if (Relaxed.isNumber(config.get(field))) {
            return Collections.nCopies(RgbImage.CHANNELS, Relaxed.number(config.get(field)));
        }
        JsonArray array = config.array(field);
        if (array.size() != 1 && array.size() != RgbImage.CHANNELS) {
            throw config.fault(field).expected("three numbers").found(array.size()).because("one number for each of red, green and blue");
        }
        List<Double> numbers = new ArrayList<>();
        for (int c = 0; c < RgbImage.CHANNELS; c++) {
            numbers.add(Relaxed.number(array.get(array.size() == 1 ? 0 : c)));
        }
        return List.copyOf(numbers);
    }

    /** The normalisation. What its constructor refuses is reported as a fault of the file. */
    static Normalization normalization(JsonObject config, String field, double scale, List<Double> mean, List<Double> std)
            throws InputException {
        try {
            return new Normalization(scale, mean, std);
        } catch (IllegalArgumentException e) {
            throw config.fault(field).cause(e).found(e.getMessage()).because("the normalisation is out of range");
        }
    }
}
