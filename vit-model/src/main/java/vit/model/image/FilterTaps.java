package vit.model.image;

/**
 * The taps of each new pixel along one axis: the first old pixel that contributes to it, and the weights of that pixel and of those after it, as
 * integers of 22 fractional bits. This is Pillow's {@code precompute_coeffs} and {@code normalize_coeffs_8bpc}, operation for operation, because
 * equal results require equal rounding.
 */
final class FilterTaps {

    /** Of the 32 bits, 8 hold the sample and 2 are headroom: the weights of some filters are negative, and partial sums of weights may exceed 1. */
    static final int PRECISION_BITS = 32 - 8 - 2;

    private final int[] first; // (n)
    private final int[] offset; // (n + 1): where a pixel's weights begin
    private final int[] weights;

    private FilterTaps(int[] first, int[] offset, int[] weights) {
        this.first = first;
        this.offset = offset;
        this.weights = weights;
    }

    /**
     * The taps of the new pixels {@code from} … {@code from + count − 1}, when {@code oldSize} pixels become {@code newSize}.
     */
    static FilterTaps of(Filter filter, int oldSize, int newSize, int from, int count) {
        if (filter == Filter.NEAREST) {
            return nearest(oldSize, newSize, from, count);
        }
        double scale = (double) oldSize / newSize;
        double filterScale = Math.max(scale, 1.0);
        double support = filter.support() * filterScale;
        double reciprocal = 1.0 / filterScale;
        int[] first = new int[count];
        int[] offset = new int[count + 1];
        for (int i = 0; i < count; i++) {
            double centre = (from + i + 0.5) * scale;
            first[i] = Math.max((int) (centre - support + 0.5), 0);
            int end = Math.min((int) (centre + support + 0.5), oldSize);
            offset[i + 1] = Math.addExact(offset[i], end - first[i]);
        }
        int[] weights = new int[offset[count]];
        double[] exact = new double[(int) Math.ceil(support) * 2 + 1];
        for (int i = 0; i < count; i++) {
            double centre = (from + i + 0.5) * scale;
            int taps = offset[i + 1] - offset[i];
            double sum = 0.0;
            for (int t = 0; t < taps; t++) {
                exact[t] = filter.weight((t + first[i] - centre + 0.5) * reciprocal);
                sum += exact[t];
            }
            for (int t = 0; t < taps; t++) {
                weights[offset[i] + t] = fixedPoint(sum != 0.0 ? exact[t] / sum : exact[t]);
            }
        }
        return new FilterTaps(first, offset, weights);
    }

    /**
     * Pillow's {@code ImagingScaleAffine}: one old pixel for each new one. Its position is accumulated step by step from the first pixel of the whole
     * image, as Pillow does, so that rounding agrees.
     */
    private static FilterTaps nearest(int oldSize, int newSize, int from, int count) {
        double scale = (double) oldSize / newSize;
        int[] first = new int[count];
        int[] offset = new int[count + 1];
        int[] weights = new int[count];
        double place = scale * 0.5;
        for (int i = 0; i < from + count; i++) {
            if (i >= from) {
                first[i - from] = Math.min((int) place, oldSize - 1);
                offset[i - from + 1] = i - from + 1;
                weights[i - from] = 1 << PRECISION_BITS;
            }
            place += scale;
        }
        return new FilterTaps(first, offset, weights);
    }

    private static int fixedPoint(double weight) {
        double scaled = weight * (1 << PRECISION_BITS);
        return (int) (weight < 0 ? -0.5 + scaled : 0.5 + scaled);
    }

    /** The number of new pixels. */
    int count() {
        return first.length;
    }

    /** The first old pixel that contributes to new pixel {@code i}. */
    int first(int i) {
        return first[i];
    }

    /** One past the last old pixel that contributes to new pixel {@code i}. */
    int end(int i) {
        return first[i] + offset[i + 1] - offset[i];
    }

    /** Where the weights of new pixel {@code i} begin in {@link #weights}. */
    int offset(int i) {
        return offset[i];
    }

    int[] weights() {
        return weights;
    }
}
