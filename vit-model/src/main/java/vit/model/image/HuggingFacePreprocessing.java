package vit.model.image;

import java.util.List;
import java.util.Locale;
import vit.model.InputException;
import vit.model.json.JsonArray;
import vit.model.json.JsonKind;
import vit.model.json.JsonObject;
import vit.model.json.JsonValue;
import vit.model.json.Relaxed;

/**
 * Hugging Face's {@code preprocessor_config.json}, run as its Pillow-backed image processors run it, and DINOv3's as its only one, which PyTorch backs. Sizes are a number in older files ("feature
 * extractors") and an object in newer ones; the processor's class decides whatever a file leaves out.
 */
final class HuggingFacePreprocessing {

    private static final int MAX_SIDE = 1 << 16;

    /** What a processor does where the file says nothing. Each class of processors is one line. */
    private record Defaults(String processor, int size, boolean shortSide, Filter filter, int crop, Normalization normalization, Convention convention) {

        Defaults(String processor, int size, boolean shortSide, Filter filter, int crop, Normalization normalization) {
            this(processor, size, shortSide, filter, crop, normalization, Convention.HUGGING_FACE);
        }
    }

    private static final List<Defaults> DEFAULTS = List.of(
            new Defaults("clip", 224, true, Filter.BICUBIC, 224, Normalization.CLIP),
            new Defaults("bit", 224, true, Filter.BICUBIC, 224, Normalization.CLIP),
            new Defaults("deit", 256, false, Filter.BICUBIC, 224, Normalization.HALF),
            new Defaults("beit", 256, false, Filter.BICUBIC, 224, Normalization.HALF),
            new Defaults("siglip", 224, false, Filter.BICUBIC, 0, Normalization.HALF),
            new Defaults("vithybrid", 224, true, Filter.BICUBIC, 224, Normalization.CLIP),
            new Defaults("dinov3", 224, false, Filter.BILINEAR, 0, Normalization.IMAGENET, Convention.HUGGING_FACE_FLOAT),
            new Defaults("convnext", 384, true, Filter.BILINEAR, 0, Normalization.IMAGENET),
            new Defaults("", 224, false, Filter.BILINEAR, 0, Normalization.HALF)); // ViT, and unknown ones

    private final JsonObject config;
    private final Defaults defaults;
    private Fit fit = Fit.NONE;
    private int resizeHeight;
    private int resizeWidth;
    private int outputHeight;
    private int outputWidth;

    private HuggingFacePreprocessing(JsonObject config) throws InputException {
        this.config = config;
        if (config.has("max_num_patches")) {
            throw config.fault("max_num_patches").expected("a processor that makes images of one size").found(config.get("max_num_patches"))
                    .because("the processor is SigLIP 2's NaFlex, which keeps each image's proportions; this version does not compute it");
        }
        String processor = Relaxed.text(config, "image_processor_type", Relaxed.text(config, "feature_extractor_type", "")).toLowerCase(Locale.ROOT);
        this.defaults = DEFAULTS.stream().filter(d -> processor.startsWith(d.processor)).findFirst().orElseThrow();
    }

    /** Whether the document is an image processor's configuration. */
    static boolean speaksOf(JsonObject document) {
        return document.has("image_processor_type") || document.has("feature_extractor_type") || document.has("image_mean")
                || document.has("do_resize") || document.has("do_normalize");
    }

    static Preprocessing read(JsonObject config) throws InputException {
        HuggingFacePreprocessing reading = new HuggingFacePreprocessing(config);
        if (Relaxed.flag(config, "do_resize", true)) {
            reading.resize();
        }
        if (Relaxed.flag(config, "do_center_crop", reading.defaults.crop > 0)) {
            reading.crop();
        }
        return new Preprocessing(config.source(), reading.fit, reading.resizeHeight, reading.resizeWidth, 1, reading.outputHeight,
                reading.outputWidth, reading.filter(), reading.defaults.convention, reading.normalization());
    }

    private void resize() throws InputException {
        boolean shortSide = defaults.shortSide;
        int height = defaults.size;
        int width = defaults.size;
        if (config.kind("size") == JsonKind.ARRAY) {
            int[] pair = pair("size");
            shortSide = false;
            height = pair[0];
            width = pair[1];
        } else if (Relaxed.isNumber(config.get("size"))) {
            height = side(config, "size");
            width = height;
        } else if (config.has("size")) {
            JsonObject size = config.object("size");
            shortSide = !size.has("height");
            height = side(size, shortSide ? "shortest_edge" : "height");
            width = shortSide ? height : side(size, "width");
        }
        double cropFraction = Relaxed.number(config, "crop_pct", 1);
        if (shortSide && cropFraction != 1) {
            cropFraction(height, cropFraction);
            return;
        }
        fit = shortSide ? Fit.SHORT_SIDE : Fit.SQUASH;
        resizeHeight = height;
        resizeWidth = width;
    }

    /**
     * ConvNext's rule: below 384 pixels the short side is resized to more than the target and the centre is cropped; from 384 pixels on the image is
     * squashed.
     */
    private void cropFraction(int side, double fraction) throws InputException {
        if (!(fraction >= 0.01 && fraction <= 100)) {
            throw config.fault("crop_pct").expected("0.01 … 100").found(fraction).because("the crop fraction is out of range");
        }
        boolean cut = side < 384;
        fit = cut ? Fit.SHORT_SIDE : Fit.SQUASH;
        resizeHeight = cut ? Math.clamp((int) (side / fraction), 1, MAX_SIDE) : side;
        resizeWidth = resizeHeight;
        outputHeight = side;
        outputWidth = side;
    }

    private void crop() throws InputException {
        outputHeight = defaults.crop > 0 ? defaults.crop : defaults.size;
        outputWidth = outputHeight;
        if (config.kind("crop_size") == JsonKind.ARRAY) {
            int[] pair = pair("crop_size");
            outputHeight = pair[0];
            outputWidth = pair[1];
        } else if (Relaxed.isNumber(config.get("crop_size"))) {
            outputHeight = side(config, "crop_size");
            outputWidth = outputHeight;
        } else if (config.has("crop_size")) {
            JsonObject size = config.object("crop_size");
            outputHeight = side(size, "height");
            outputWidth = side(size, "width");
        }
    }

    /** Height and width in a list. */
    private int[] pair(String field) throws InputException {
        JsonArray list = config.array(field);
        if (list.size() != 2) {
            throw config.fault(field).expected("[height, width]").found(list.size() + " values").because("the size is not a pair");
        }
        return new int[] {side(list.get(0)), side(list.get(1))};
    }

    private static int side(JsonObject object, String field) throws InputException {
        return side(object.get(field));
    }

    private static int side(JsonValue value) throws InputException {
        int pixels = Relaxed.integer(value);
        if (pixels < 1 || pixels > MAX_SIDE) {
            throw value.fault().expected("1 … " + MAX_SIDE + " pixels").found(pixels).because("the size is out of range");
        }
        return pixels;
    }

    private Filter filter() throws InputException {
        Filter filter = config.has("resample") ? TimmPreprocessing.filter(config.get("resample")) : defaults.filter;
        if (defaults.convention == Convention.HUGGING_FACE_FLOAT && !FloatResize.offers(filter)) {
            throw config.fault("resample").expected("2 bilinear or 3 bicubic").found(config.get("resample")).because("this processor does not offer the interpolation");
        }
        return filter;
    }

    private Normalization normalization() throws InputException {
        double scale = Relaxed.flag(config, "do_rescale", true) ? Relaxed.number(config, "rescale_factor", Normalization.PER_255) : 1;
        List<Double> mean = Normalization.UNIT.mean();
        List<Double> std = Normalization.UNIT.std();
        if (Relaxed.flag(config, "do_normalize", true)) {
            mean = TimmPreprocessing.triple(config, "image_mean", defaults.normalization.mean());
            std = TimmPreprocessing.triple(config, "image_std", defaults.normalization.std());
        }
        return TimmPreprocessing.normalization(config, "image_std", scale, mean, std);
    }
}
