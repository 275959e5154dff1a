package vit.model.image;

import java.io.Serializable;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import vit.model.InputException;

/**
 * How an image becomes the input of a model: it is resized, cropped, scaled and normalised. Every family of checkpoints was trained with its own
 * preprocessing, and any other one costs accuracy. Presets come from {@link #named}, configuration files from {@link PreprocessingFiles}. Immutable;
 * any number of threads may call.
 *
 * @param name          the preset, or the file that describes the preprocessing; messages begin with it
 * @param fit           how the image is resized towards the target
 * @param resizeHeight  target rows of the resized image before the crop; 0: the model's rows divided by {@code cropFraction}
 * @param resizeWidth   target columns; 0: the model's columns divided by {@code cropFraction}
 * @param cropFraction  share of the resized target that the model sees; used only where the target is 0
 * @param outputHeight  rows of the output that the configuration file states; 0: it states none
 * @param outputWidth   columns of the output that the configuration file states; 0: it states none
 * @param filter        how pixels are interpolated
 * @param convention    whose rounding is followed
 * @param normalization how samples are normalised
 */
public record Preprocessing(
        String name,
        Fit fit,
        int resizeHeight,
        int resizeWidth,
        double cropFraction,
        int outputHeight,
        int outputWidth,
        Filter filter,
        Convention convention,
        Normalization normalization) implements Serializable {

    private static final int MAX_SIDE = 1 << 16;

    /**
     * Stands for a crop fraction that depends on the model's size: 0.9 below 384 pixels, 1 from there on, because timm evaluates its ViTs of 384
     * pixels and more on the whole short side.
     */
    static final double TIMM_BY_SIZE = 0;

    public Preprocessing {
        Objects.requireNonNull(name, "name");
        Objects.requireNonNull(fit, "fit");
        Objects.requireNonNull(filter, "filter");
        Objects.requireNonNull(convention, "convention");
        Objects.requireNonNull(normalization, "normalization");
        side(resizeHeight);
        side(resizeWidth);
        side(outputHeight);
        side(outputWidth);
        if ((resizeHeight == 0) != (resizeWidth == 0) || (outputHeight == 0) != (outputWidth == 0)) {
            throw new IllegalArgumentException("a size needs both sides");
        }
        if (!(cropFraction >= 0.01 && cropFraction <= 100 || cropFraction == TIMM_BY_SIZE)) {
            throw new IllegalArgumentException("crop fraction " + cropFraction + " is not in 0.01 … 100");
        }
        boolean offered = !convention.isTensorflow() || filter == Filter.BILINEAR || filter == Filter.BOX;
        if (!offered) {
            throw new IllegalArgumentException("TensorFlow's resize is offered with BILINEAR and BOX, not " + filter);
        }
        if (convention == Convention.HUGGING_FACE_FLOAT && !FloatResize.offers(filter)) {
            throw new IllegalArgumentException("PyTorch's resize is offered with BILINEAR and BICUBIC, not " + filter);
        }
    }

    private static void side(int pixels) {
        if (pixels < 0 || pixels > MAX_SIDE) {
            throw new IllegalArgumentException("a side of " + pixels + " pixels is not in 0 … " + MAX_SIDE);
        }
    }

    /**
     * The preset of this name.
     *
     * @throws InputException if there is none; the message lists {@link #names()}
     */
    public static Preprocessing named(String name) throws InputException {
        Preprocessing preset = Presets.find(name);
        if (preset == null) {
            throw InputException.in("preprocessing").found(name).expected("one of " + String.join(", ", names()))
                    .because("there is no such preset");
        }
        return preset;
    }

    /** The names of all presets. */
    public static List<String> names() {
        return Presets.names();
    }

    /** The preprocessing with which {@code family} (an id of {@code VitConfig.family}) is usually run; timm's for an unknown one. */
    public static Preprocessing forFamily(String family) {
        return Presets.forFamily(family);
    }

    /**
     * The field of a {@code config.json} in this project's own form from which {@link PreprocessingFiles} reads exactly this preprocessing: the name
     * of an equivalent preset if there is one, otherwise every component.
     */
    public Map<String, Object> fields() {
        return Map.of(OwnPreprocessing.FIELD, OwnPreprocessing.write(this));
    }

    /**
     * The same preprocessing for a model that takes images of this size. Sizes that a file states are scaled with it, so that the image is cropped in
     * the same proportion.
     *
     * @param height rows that the model takes
     * @param width  columns that the model takes
     */
    public Preprocessing forImage(int height, int width) {
        if (!convention.hasSizesOfItsOwn() || outputHeight == 0 && resizeHeight == 0) {
            return this;
        }
        boolean cut = outputHeight != 0;
        int oldHeight = cut ? outputHeight : resizeHeight;
        int oldWidth = cut ? outputWidth : resizeWidth;
        if (oldHeight == height && oldWidth == width) {
            return this;
        }
        double tall = (double) height / oldHeight;
        double wide = (double) width / oldWidth;
        if (fit == Fit.SHORT_SIDE) { // one number for both sides: the larger share, so that the crop lies inside
            tall = Math.max(tall, wide);
            wide = tall;
        }
        int tallest = Math.clamp(Math.round(resizeHeight * tall), resizeHeight == 0 ? 0 : 1, MAX_SIDE);
        int widest = Math.clamp(Math.round(resizeWidth * wide), resizeWidth == 0 ? 0 : 1, MAX_SIDE);
        boolean mustCut = cut || fit == Fit.SHORT_SIDE;
        return new Preprocessing(name, fit, tallest, widest, cropFraction, mustCut ? height : 0, mustCut ? width : 0, filter, convention, normalization);
    }

    /** This preprocessing under another name. */
    Preprocessing withName(String newName) {
        return new Preprocessing(newName, fit, resizeHeight, resizeWidth, cropFraction, outputHeight, outputWidth, filter,
                convention, normalization);
    }

    /** Target rows of the resized image when the model takes {@code modelHeight} rows. */
    int targetHeight(int modelHeight) {
        return resizeHeight != 0 ? resizeHeight : target(modelHeight);
    }

    /** Target columns of the resized image when the model takes {@code modelWidth} columns. */
    int targetWidth(int modelWidth) {
        return resizeWidth != 0 ? resizeWidth : target(modelWidth);
    }

    private int target(int modelSide) {
        double fraction = cropFraction;
        if (cropFraction == TIMM_BY_SIZE) {
            fraction = modelSide < 384 ? 0.9 : 1;
        }
        return Math.max((int) Math.floor(modelSide / fraction), 1);
    }

    /**
     * What a model of {@code height} × {@code width} pixels sees of the image: (3, height, width), red first.
     *
     * @throws InputException as {@link #apply(RgbImage, int, int, float[], int)}
     */
    public float[] apply(RgbImage image, int height, int width) throws InputException {
        float[] out = new float[Math.multiplyExact(RgbImage.CHANNELS, Math.multiplyExact(height, width))];
        apply(image, height, width, out, 0);
        return out;
    }

    /**
     * Writes what a model of {@code height} × {@code width} pixels sees of the image.
     *
     * @param out    receives (3, height, width), red first
     * @param offset where in {@code out} it begins
     * @throws InputException if the image is too narrow to be resized, or a Hugging Face configuration makes images of another size
     *                        than the model takes
     */
    public void apply(RgbImage image, int height, int width, float[] out, int offset) throws InputException {
        if (height < 1 || width < 1) {
            throw new IllegalArgumentException("a model takes at least one pixel, not " + height + "×" + width);
        }
        Objects.checkFromIndexSize(offset, Math.multiplyExact(RgbImage.CHANNELS, Math.multiplyExact(height, width)), out.length);
        checkOutput(image, height, width);
        Placement placement = Placement.of(this, image, height, width);
        int top = Math.max(placement.top(), 0);
        int left = Math.max(placement.left(), 0);
        int rows = Math.min(placement.top() + height, placement.height()) - top;
        int columns = Math.min(placement.left() + width, placement.width()) - left;
        PlanarImage view = new PlanarImage(out, offset, height, width);
        if (rows < height || columns < width) {
            pad(view);
        }
        int viewTop = top - placement.top();
        int viewLeft = left - placement.left();
        if (convention == Convention.HUGGING_FACE_FLOAT) {
            float[] samples = FloatResize.window(image, (float) normalization.scale(), placement.height(), placement.width(), filter, top, left, rows, columns);
            view.put(samples, viewTop, viewLeft, rows, columns, normalization.ofScaled());
        } else if (convention == Convention.TENSORFLOW && filter == Filter.BILINEAR) {
            float[] samples = TensorflowResize.bilinear(image, placement, top, left, rows, columns);
            view.put(samples, viewTop, viewLeft, rows, columns, normalization);
        } else {
            RgbImage window = convention.isTensorflow() ? TensorflowResize.truncated(image, filter, placement, top, left, rows, columns)
                    : Resample.window(image, placement.height(), placement.width(), filterFor(height, width), top, left, rows, columns);
            view.put(window, viewTop, viewLeft, normalization.table());
        }
    }

    /**
     * The image after resizing and cropping, before its samples are normalised, so that it can be augmented in between. Padding is black.
     * TensorFlow's bilinear resize and PyTorch's, which do not round to 8-bit samples, are replaced by Pillow's here.
     *
     * @throws InputException as {@link #apply(RgbImage, int, int, float[], int)}
     */
    public RgbImage view(RgbImage image, int height, int width) throws InputException {
        checkOutput(image, height, width);
        Placement placement = Placement.of(this, image, height, width);
        int top = Math.max(placement.top(), 0);
        int left = Math.max(placement.left(), 0);
        int rows = Math.min(placement.top() + height, placement.height()) - top;
        int columns = Math.min(placement.left() + width, placement.width()) - left;
        boolean exact = convention.isTensorflow() && !(convention == Convention.TENSORFLOW && filter == Filter.BILINEAR);
        RgbImage window = exact ? TensorflowResize.truncated(image, filter, placement, top, left, rows, columns)
                : Resample.window(image, placement.height(), placement.width(), filterFor(height, width), top, left, rows, columns);
        if (rows == height && columns == width) {
            return window;
        }
        byte[] pixels = new byte[height * width * RgbImage.CHANNELS];
        for (int y = 0; y < rows; y++) {
            int to = ((top - placement.top() + y) * width + left - placement.left()) * RgbImage.CHANNELS;
            System.arraycopy(window.pixels(), y * columns * RgbImage.CHANNELS, pixels, to, columns * RgbImage.CHANNELS);
        }
        return new RgbImage(image.source(), height, width, pixels);
    }

    /**
     * Writes the normalised samples of an image that already has the model's size.
     *
     * @param out    receives (3, height, width), red first
     * @param offset where in {@code out} it begins
     */
    public void normalize(RgbImage image, float[] out, int offset) {
        Objects.checkFromIndexSize(offset, RgbImage.CHANNELS * image.height() * image.width(), out.length);
        new PlanarImage(out, offset, image.height(), image.width()).put(image, 0, 0, normalization.table());
    }

    /** For targets that are not square, timm resizes with ResizeKeepRatio and does not pass the filter, so the default of that class applies. */
    private Filter filterFor(int height, int width) {
        boolean keepsRatio = fit == Fit.SHORT_SIDE && convention == Convention.TORCH && targetHeight(height) != targetWidth(width);
        return keepsRatio ? Filter.BILINEAR : filter;
    }

    /** Rows of the images that this makes of every image, by the sizes that it states: those of the crop, or without one of the squashed image; 0: none stated. */
    public int statedHeight() {
        return outputHeight == 0 && fit == Fit.SQUASH ? resizeHeight : outputHeight;
    }

    /** Columns of the same images; 0 if none are stated. */
    public int statedWidth() {
        return outputWidth == 0 && fit == Fit.SQUASH ? resizeWidth : outputWidth;
    }

    /** The sizes in Hugging Face's files are absolute, and its models refuse others. In presets and in all other forms the model's size decides. */
    private void checkOutput(RgbImage image, int height, int width) throws InputException {
        boolean follows = resizeHeight == 0 && outputHeight == 0 && fit != Fit.NONE;
        if (!convention.hasSizesOfItsOwn() || follows) {
            return;
        }
        boolean cut = outputHeight != 0;
        int madeHeight = cut ? outputHeight : fit == Fit.NONE ? image.height() : targetHeight(height);
        int madeWidth = cut ? outputWidth : fit == Fit.NONE ? image.width() : targetWidth(width);
        if (!cut && fit == Fit.SHORT_SIDE) {
            Placement placement = Placement.of(this, image, height, width);
            madeHeight = placement.height();
            madeWidth = placement.width();
        }
        if (madeHeight != height || madeWidth != width) {
            throw misfit(height, width, madeHeight, madeWidth);
        }
    }

    /**
     * The fault with which {@link #apply} would refuse every image for a model of {@code height} × {@code width} pixels; empty if there is none, or if it
     * depends on the image.
     */
    public Optional<InputException> misfit(int height, int width) {
        boolean fixed = convention.hasSizesOfItsOwn() && statedHeight() != 0;
        boolean other = statedHeight() != height || statedWidth() != width;
        return fixed && other ? Optional.of(misfit(height, width, statedHeight(), statedWidth())) : Optional.empty();
    }

    private InputException misfit(int height, int width, int madeHeight, int madeWidth) {
        return InputException.in(name).expected("the model's " + height + "×" + width + " pixels, or a preset's name instead of this file")
                .found(madeHeight + "×" + madeWidth).remedy("name a preset with --preprocess, or write the model's size into the file")
                .because("the preprocessing makes images of another size than the model takes");
    }

    /** Black, or for {@link Fit#INSIDE} the mean. */
    private void pad(PlanarImage view) {
        for (int c = 0; c < RgbImage.CHANNELS; c++) {
            double sample = fit == Fit.INSIDE ? Math.rint(255 * normalization.mean().get(c)) : 0;
            view.fill(c, normalization.apply((float) sample, c));
        }
    }
}
