package vit.model.train.augment;

import java.io.Serializable;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import vit.model.InputException;
import vit.model.image.Filter;
import vit.model.image.Preprocessing;
import vit.model.image.Resample;
import vit.model.image.RgbImage;

/**
 * The random changes to a training image before the model sees it, in this order: a random crop is resized to the model's size; it is mirrored; it is
 * rotated, shifted and zoomed a little; operations of RandAugment are applied; the samples are normalised; a box is erased. The changes to image i in
 * epoch e depend only on the seed, i and e. Immutable; any number of threads may call.
 *
 * @param name       for messages
 * @param cropArea   smallest share of the image's area that is cropped (Szegedy et al. 2015; sides 3:4 to 4:3); 1: no random crop, but the view that
 *                   the preprocessing makes
 * @param flip       probability of a mirror image, left to right
 * @param rotation   largest angle, degrees
 * @param shift      largest shift, as a share of the side
 * @param zoom       largest change of size: factors 1 / (1 + zoom) to 1 + zoom
 * @param operations number of RandAugment's operations in a row (Cubuk et al. 2020), each left out with probability ½ as in timm
 * @param magnitude  magnitude of those operations, 0 to 10; that of each is drawn around it with a standard deviation of ½
 * @param erasing    probability that a box of 2 % to 33 % of the area becomes noise (Zhong et al. 2020)
 */
public record Augmentation(String name, double cropArea, double flip, double rotation, double shift, double zoom, int operations,
        double magnitude, double erasing) implements Serializable {

    /** No changes: images as the preprocessing makes them. */
    public static final Augmentation NONE = new Augmentation("none", 1, 0, 0, 0, 0, 0, 0, 0);

    /** Rotated, shifted and zoomed a little, so that letters and digits stay readable. */
    public static final Augmentation LIGHT = new Augmentation("light", 1, 0, 12, 0.08, 0.12, 0, 0, 0);

    /** The ViT paper's fine-tuning (Szegedy et al. 2015): 5 % to 100 % of the area, mirrored. */
    public static final Augmentation INCEPTION = new Augmentation("inception", 0.05, 0.5, 0, 0, 0, 0, 0, 0);

    /** DeiT's: 8 % to 100 % of the area, mirrored, RandAugment of magnitude 9. */
    public static final Augmentation RAND_AUGMENT = new Augmentation("randaugment", 0.08, 0.5, 0, 0, 0, 2, 9, 0);

    /** A milder form of DeiT's for small images. */
    public static final Augmentation RAND_AUGMENT_LIGHT = new Augmentation("randaugment-light", 0.5, 0.5, 0, 0, 0, 2, 5, 0);

    private static final Map<String, Augmentation> PRESETS = new LinkedHashMap<>();

    static {
        add(NONE);
        add(LIGHT);
        add(new Augmentation("light-flip", 1, 0.5, 12, 0.08, 0.12, 0, 0, 0));
        add(INCEPTION);
        add(new Augmentation("crop", 0.35, 0.5, 0, 0, 0, 0, 0, 0));
        add(RAND_AUGMENT);
        add(RAND_AUGMENT_LIGHT);
    }

    private static final int CROP_ATTEMPTS = 10;

    public Augmentation {
        Objects.requireNonNull(name, "name");
        check("crop area", cropArea, 0.001, 1);
        check("flip", flip, 0, 1);
        check("rotation", rotation, 0, 180);
        check("shift", shift, 0, 1);
        check("zoom", zoom, 0, 4);
        check("operations", operations, 0, 16);
        check("magnitude", magnitude, 0, ImageOperation.MAX);
        check("erasing", erasing, 0, 1);
    }

    private static void check(String field, double value, double least, double most) {
        if (!(value >= least && value <= most)) {
            throw new IllegalArgumentException(field + " " + value + "; expected " + least + " to " + most);
        }
    }

    private static void add(Augmentation preset) {
        PRESETS.put(preset.name, preset);
    }

    /**
     * The preset of this name.
     *
     * @throws InputException if there is none; the message lists {@link #names()}
     */
    public static Augmentation named(String name) throws InputException {
        Augmentation preset = PRESETS.get(name);
        if (preset == null) {
            throw InputException.in("augmentation").found(name).expected("one of " + String.join(", ", names())).because("there is no such preset");
        }
        return preset;
    }

    /** The names of all presets. */
    public static List<String> names() {
        return List.copyOf(PRESETS.keySet());
    }

    /** This augmentation with another probability of erasing a box. */
    public Augmentation withErasing(double probability) {
        return new Augmentation(name, cropArea, flip, rotation, shift, zoom, operations, magnitude, probability);
    }

    /** This augmentation with another probability of mirroring. */
    public Augmentation withFlip(double probability) {
        return new Augmentation(name, cropArea, probability, rotation, shift, zoom, operations, magnitude, erasing);
    }

    /** The image as the model will see it, before normalisation: (height, width). */
    public RgbImage apply(RgbImage image, Preprocessing preprocessing, int height, int width, CounterRandom random) throws InputException {
        RgbImage seen = cropArea < 1 ? randomPart(image, height, width, random) : preprocessing.view(image, height, width);
        if (flip > 0 && random.chance(flip)) {
            seen = mirrored(seen);
        }
        if (rotation > 0 || shift > 0 || zoom > 0) {
            seen = moved(seen, random);
        }
        for (int i = 0; i < operations; i++) {
            ImageOperation operation = ImageOperation.ALL.get(random.below(ImageOperation.ALL.size()));
            double strength = Math.clamp(magnitude + 0.5 * random.normal(), 0, ImageOperation.MAX);
            if (random.chance(0.5)) {
                seen = operation.apply(seen, strength, random);
            }
        }
        return seen;
    }

    /** torchvision's RandomResizedCrop: ten attempts at a box of random area and shape, then the largest centred one. */
    private RgbImage randomPart(RgbImage image, int height, int width, CounterRandom random) {
        double area = (double) image.height() * image.width();
        double logRatio = StrictMath.log(4.0 / 3);
        for (int attempt = 0; attempt < CROP_ATTEMPTS; attempt++) {
            double target = area * random.uniform(cropArea, 1);
            double ratio = StrictMath.exp(random.uniform(-logRatio, logRatio));
            int boxWidth = (int) Math.rint(Math.sqrt(target * ratio));
            int boxHeight = (int) Math.rint(Math.sqrt(target / ratio));
            if (boxWidth >= 1 && boxHeight >= 1 && boxWidth <= image.width() && boxHeight <= image.height()) {
                int top = random.below(image.height() - boxHeight + 1);
                int left = random.below(image.width() - boxWidth + 1);
                return resized(image, top, left, boxHeight, boxWidth, height, width);
            }
        }
        int boxWidth = Math.min(image.width(), (int) Math.rint(image.height() * 4.0 / 3));
        int boxHeight = Math.min(image.height(), (int) Math.rint(image.width() * 4.0 / 3));
        return resized(image, (image.height() - boxHeight) / 2, (image.width() - boxWidth) / 2, boxHeight, boxWidth, height, width);
    }

    private static RgbImage resized(RgbImage image, int top, int left, int boxHeight, int boxWidth, int height, int width) {
        RgbImage box = Resample.window(image, image.height(), image.width(), Filter.BICUBIC, top, left, boxHeight, boxWidth);
        return Resample.resize(box, height, width, Filter.BICUBIC);
    }

    private RgbImage moved(RgbImage image, CounterRandom random) {
        double angle = random.uniform(-rotation, rotation);
        double right = random.uniform(-shift, shift) * image.width();
        double down = random.uniform(-shift, shift) * image.height();
        double factor = StrictMath.exp(random.uniform(-1, 1) * StrictMath.log(1 + zoom));
        return Affine.scale(factor).after(Affine.rotation(angle)).after(Affine.shift(right, down)).apply(image);
    }

    static RgbImage mirrored(RgbImage image) {
        byte[] in = image.pixels();
        byte[] out = new byte[in.length];
        int width = image.width();
        for (int y = 0; y < image.height(); y++) {
            for (int x = 0; x < width; x++) {
                System.arraycopy(in, (y * width + x) * RgbImage.CHANNELS, out, (y * width + width - 1 - x) * RgbImage.CHANNELS, RgbImage.CHANNELS);
            }
        }
        return new RgbImage(image.source(), image.height(), width, out);
    }

    /** Replaces a box of normalised samples by noise from the standard normal distribution, with probability {@code erasing}. */
    public void erase(float[] samples, int offset, int height, int width, CounterRandom random) {
        if (erasing == 0 || !random.chance(erasing)) {
            return;
        }
        double logRatio = StrictMath.log(0.3);
        for (int attempt = 0; attempt < CROP_ATTEMPTS; attempt++) {
            double target = random.uniform(0.02, 1.0 / 3) * height * width;
            double ratio = StrictMath.exp(random.uniform(logRatio, -logRatio));
            int boxHeight = (int) Math.rint(Math.sqrt(target * ratio));
            int boxWidth = (int) Math.rint(Math.sqrt(target / ratio));
            if (boxHeight < height && boxWidth < width) {
                int top = random.below(height - boxHeight + 1);
                int left = random.below(width - boxWidth + 1);
                for (int c = 0; c < RgbImage.CHANNELS; c++) {
                    for (int y = top; y < top + boxHeight; y++) {
                        for (int x = left; x < left + boxWidth; x++) {
                            samples[offset + (c * height + y) * width + x] = (float) random.normal();
                        }
                    }
                }
                return;
            }
        }
    }
}
