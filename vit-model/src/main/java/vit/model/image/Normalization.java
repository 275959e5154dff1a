package vit.model.image;

import java.io.Serializable;
import java.util.List;

/**
 * The normalisation of samples: each is scaled, and then (x − mean) / std is computed by channel. The computation is in double and rounds to float
 * once, so the result is exact to half an ulp. The peers round after each of their float32 operations and stay within a few ulp of it.
 *
 * @param scale factor from 0 … 255 to the range in which {@code mean} and {@code std} are given, for example 1/255
 * @param mean  red, green, blue
 * @param std   red, green, blue; none is zero
 */
public record Normalization(double scale, List<Double> mean, List<Double> std) implements Serializable {

    static final double PER_255 = 1 / 255.0;

    /** Keeps every result far inside float's range. */
    private static final double LARGEST = 1e6;

    /** To [−1, 1]. */
    static final Normalization HALF = of(0.5, 0.5, 0.5, 0.5, 0.5, 0.5);

    /** The mean and deviation of ImageNet. */
    static final Normalization IMAGENET = of(0.485, 0.456, 0.406, 0.229, 0.224, 0.225);

    /** The mean and deviation of CLIP's training images. */
    static final Normalization CLIP = of(0.48145466, 0.4578275, 0.40821073, 0.26862954, 0.26130258, 0.27577711);

    /** The mean and deviation of the satellite images on which some DINOv3 models were trained. */
    static final Normalization SATELLITE = of(0.430, 0.411, 0.296, 0.213, 0.156, 0.143);

    /** To [0, 1]. */
    static final Normalization UNIT = of(0, 0, 0, 1, 1, 1);

    public Normalization {
        mean = List.copyOf(mean);
        std = List.copyOf(std);
        if (mean.size() != RgbImage.CHANNELS || std.size() != RgbImage.CHANNELS) {
            throw new IllegalArgumentException("mean and std need three values, not " + mean.size() + " and " + std.size());
        }
        if (!inRange(scale) || !std.stream().allMatch(Normalization::inRange)) {
            throw new IllegalArgumentException("scale and std must lie in " + 1 / LARGEST + " … " + LARGEST + ", not " + scale + " and " + std);
        }
        if (!mean.stream().allMatch(m -> Math.abs(m) <= LARGEST)) {
            throw new IllegalArgumentException("mean must lie within ±" + LARGEST + ", not " + mean);
        }
    }

    private static boolean inRange(double value) {
        return value >= 1 / LARGEST && value <= LARGEST;
    }

    private static Normalization of(double red, double green, double blue, double redStd, double greenStd, double blueStd) {
        return new Normalization(PER_255, List.of(red, green, blue), List.of(redStd, greenStd, blueStd));
    }

    /** {@code sample} of {@code channel} after normalisation. */
    float apply(float sample, int channel) {
        return (float) ((sample * scale - mean.get(channel)) / std.get(channel));
    }

    /** The same for samples that were scaled before. */
    Normalization ofScaled() {
        return new Normalization(1, mean, std);
    }

    /** {@link #apply} of every 8-bit sample: (3, 256). */
    float[][] table() {
        float[][] table = new float[RgbImage.CHANNELS][256];
        for (int c = 0; c < RgbImage.CHANNELS; c++) {
            for (int sample = 0; sample < 256; sample++) {
                table[c][sample] = apply(sample, c);
            }
        }
        return table;
    }
}
