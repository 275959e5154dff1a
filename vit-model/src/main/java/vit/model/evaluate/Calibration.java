package vit.model.evaluate;

import java.util.ArrayList;
import java.util.List;

/**
 * Whether a model is right as often as it says. Images are put into {@value #BINS} bins of equal width by confidence, the score of the class that the
 * model chose: bin b of B holds the images with a confidence in (b / B, (b + 1) / B], and the first one also those of confidence 0 (Guo et al. 2017,
 * "On Calibration of Modern Neural Networks", section 2).
 *
 * <pre>
 *   expected calibration error = Σ over bins  images(b) / images · |accuracy(b) − confidence(b)|
 *   maximum calibration error  = max over bins                     |accuracy(b) − confidence(b)|
 * </pre>
 *
 * @param bins in ascending order of confidence
 */
public record Calibration(List<Bin> bins) {

    /** The number of bins that {@link Tally} uses, that of Guo et al. */
    public static final int BINS = 15;

    /** Copies the list. */
    public Calibration {
        bins = List.copyOf(bins);
    }

    /**
     * The images of an interval of confidence.
     *
     * @param from          the lower end, exclusive
     * @param to            the upper end, inclusive
     * @param images        how many
     * @param right         how many of them were classified as what they are
     * @param confidenceSum sum of their confidences
     */
    public record Bin(double from, double to, int images, int right, double confidenceSum) {

        /** The share that was classified as what it is; NaN if the bin is empty. */
        public double accuracy() {
            return images == 0 ? Double.NaN : (double) right / images;
        }

        /** The mean confidence; NaN if the bin is empty. */
        public double confidence() {
            return images == 0 ? Double.NaN : confidenceSum / images;
        }

        /** The distance of accuracy and mean confidence; 0 if the bin is empty. */
        public double gap() {
            return images == 0 ? 0 : Math.abs(accuracy() - confidence());
        }
    }

    /** Empty bins to which outcomes are added. */
    static final class Counts {
        private final int[] images = new int[BINS];
        private final int[] right = new int[BINS];
        private final double[] sums = new double[BINS];

        void add(double confidence, boolean correct) {
            int bin = bin(confidence);
            images[bin]++;
            right[bin] += correct ? 1 : 0;
            sums[bin] += confidence;
        }

        Calibration calibration() {
            List<Bin> bins = new ArrayList<>();
            for (int b = 0; b < BINS; b++) {
                bins.add(new Bin((double) b / BINS, (b + 1.0) / BINS, images[b], right[b], sums[b]));
            }
            return new Calibration(bins);
        }
    }

    /** The number of the bin of a confidence. */
    static int bin(double confidence) {
        int bin = Math.clamp((int) Math.ceil(confidence * BINS) - 1, 0, BINS - 1);
        if (bin > 0 && confidence <= (double) bin / BINS) {
            return bin - 1; // the product was rounded up over the edge
        }
        return bin < BINS - 1 && confidence > (bin + 1.0) / BINS ? bin + 1 : bin;
    }

    /** The number of images. */
    public int images() {
        return bins.stream().mapToInt(Bin::images).sum();
    }

    /** The mean confidence of all images; NaN without images. */
    public double confidence() {
        return bins.stream().mapToDouble(Bin::confidenceSum).sum() / images();
    }

    /** The expected calibration error, 0 to 1; NaN without images. */
    public double expectedError() {
        double sum = 0;
        for (Bin bin : bins) {
            sum += bin.images() * bin.gap();
        }
        return sum / images();
    }

    /** The maximum calibration error, 0 to 1; NaN without images. */
    public double maximumError() {
        return images() == 0 ? Double.NaN : bins.stream().mapToDouble(Bin::gap).max().orElse(Double.NaN);
    }
}
