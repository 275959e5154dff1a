package vit.kernels.verify.catalogue;

import static vit.kernels.verify.catalogue.Truth.U;
import static vit.kernels.verify.catalogue.Truth.V;

import vit.kernels.groupnorm.GroupNormReference;

/** The true results of GroupNorm, and the errors of a kernel that takes the statistics in double and the rest in float. */
public final class GroupNormTruth {

    /** The results of the reference. */
    public final double[] y; // (B·P, C)
    public final double[] mean; // (B·G)
    public final double[] rstd; // (B·G)

    private final double[] x;
    private final double[] weight;
    private final double[] bias;
    private final int groups;
    private final int pixels;
    private final int channels;
    private final double[] meanError; // of the mean in double
    private final double[] rstdShare; // of rstd in double, relative

    /** The arguments are those of {@link GroupNormReference#forward}. */
    public GroupNormTruth(double[] x, double[] weight, double[] bias, double epsilon, int groups, int batch, int pixels) {
        this.x = x;
        this.weight = weight;
        this.bias = bias;
        this.groups = groups;
        this.pixels = pixels;
        channels = weight.length;
        y = new double[x.length];
        mean = new double[batch * groups];
        rstd = new double[batch * groups];
        GroupNormReference.forward(y, mean, rstd, x, weight, bias, epsilon, groups, batch, pixels);
        double n = (double) pixels * (channels / groups);
        double[] magnitude = new double[mean.length];
        double[] squares = new double[mean.length];
        for (int i = 0; i < x.length; i++) {
            magnitude[group(i)] += Math.abs(x[i]) / n;
            squares[group(i)] += x[i] * x[i] / n;
        }
        meanError = new double[mean.length];
        rstdShare = new double[mean.length];
        // n additions at most, of ours and as many of the reference; the variance is a difference of two means
        double roundings = (2 * n + 8) * V;
        for (int group = 0; group < mean.length; group++) {
            meanError[group] = roundings * magnitude[group];
            rstdShare[group] = rstd[group] * rstd[group] * roundings * 2 * squares[group]; // twice half of the variance's error
        }
    }

    private int group(int element) {
        return element / (pixels * channels) * groups + element % channels / (channels / groups);
    }

    /**
     * The bound of y = fma(x − c, s, t) where c = fl(mean), s = fl(rstd·weight) and t = fl(bias − (mean − c)·s): one rounding of each of them, of the
     * difference, and of the result.
     */
    public double yBound(int i) {
        int group = group(i);
        double scaled = Math.abs((x[i] - mean[group]) * rstd[group] * weight[i % channels]);
        double scale = Math.abs(rstd[group] * weight[i % channels]);
        double correction = U * Math.abs(mean[group]) * scale + Math.abs(bias[i % channels]);
        double deviation = scaled + U * Math.abs(mean[group]) * scale;
        return (deviation * (2 * U + rstdShare[group]) + U * correction + U * Math.abs(y[i]) + meanError[group] * scale) * 1.001 + Float.MIN_NORMAL;
    }

    /** The bound of the mean of a group. */
    public double meanBound(int group) {
        return U * Math.abs(mean[group]) + meanError[group] + Float.MIN_VALUE;
    }

    /** The bound of rstd of a group. */
    public double rstdBound(int group) {
        return rstd[group] * (U + rstdShare[group]) * 1.001;
    }

    /** The true gradients with their bounds, for given statistics. */
    public static final class Backward {

        /** The results of the reference. */
        public final double[] dx; // (B·P, C)
        public final double[] dweight; // (C)
        public final double[] dbias; // (C)
        public final double[] dxBound; // (B·P, C)
        public final double[] dweightBound; // (C)
        public final double[] dbiasBound; // (C)

        /** The arguments are those of {@link GroupNormReference#backward}, with what the gradients of the parameters held before. */
        public Backward(double[] dweight0, double[] dbias0, double[] dy, double[] x, double[] mean, double[] rstd, double[] weight,
                int groups, int batch, int pixels) {
            int channels = weight.length;
            int size = channels / groups;
            double n = (double) pixels * size;
            dx = new double[x.length];
            dweight = dweight0.clone();
            dbias = dbias0.clone();
            GroupNormReference.backward(dx, dweight, dbias, dy, x, mean, rstd, weight, groups, batch, pixels);
            double roundings = (2 * batch * n + 8) * V;
            double[] gSize = new double[mean.length]; // Σ |g| / n
            double[] productSize = new double[mean.length]; // Σ |g|·(|x| + |mean|)·rstd / n
            double[] meanOfG = new double[mean.length];
            double[] meanOfGNormal = new double[mean.length];
            double[] termsOfWeight = new double[channels];
            double[] partsOfWeight = new double[channels]; // the same with |x| + |mean|
            double[] termsOfBias = new double[channels];
            for (int i = 0; i < x.length; i++) {
                int group = i / (pixels * channels) * groups + i % channels / size;
                double g = dy[i] * weight[i % channels];
                double normal = (x[i] - mean[group]) * rstd[group];
                double parts = (Math.abs(x[i]) + Math.abs(mean[group])) * rstd[group];
                gSize[group] += Math.abs(g) / n;
                productSize[group] += Math.abs(g) * parts / n;
                meanOfG[group] += g / n;
                meanOfGNormal[group] += g * normal / n;
                termsOfWeight[i % channels] += Math.abs(dy[i] * normal);
                partsOfWeight[i % channels] += Math.abs(dy[i]) * parts;
                termsOfBias[i % channels] += Math.abs(dy[i]);
            }
            // dx = fma(dy, s, fma(x − c, a, b)): roundings of s, a, b and the difference, and of both results
            dxBound = new double[x.length];
            for (int i = 0; i < x.length; i++) {
                int group = i / (pixels * channels) * groups + i % channels / size;
                double r = rstd[group];
                double normal = Math.abs((x[i] - mean[group]) * r);
                double scaled = Math.abs(r * dy[i] * weight[i % channels]);
                double slope = r * normal * Math.abs(meanOfGNormal[group]);
                double offset = r * Math.abs(meanOfG[group]);
                double ofSums = r * roundings * (gSize[group] + normal * productSize[group]);
                dxBound[i] = (U * (scaled + 2 * slope + offset) + U * (slope + offset) + U * Math.abs(dx[i]) + ofSums) * 1.001
                        + Float.MIN_NORMAL * (1 + Math.abs(x[i] - mean[group]));
            }
            dweightBound = new double[channels];
            dbiasBound = new double[channels];
            double additions = batch * U; // one rounding for each image
            for (int c = 0; c < channels; c++) {
                dweightBound[c] = (additions * (Math.abs(dweight0[c]) + termsOfWeight[c]) + roundings * partsOfWeight[c]) * 1.001 + Float.MIN_NORMAL;
                dbiasBound[c] = (additions * (Math.abs(dbias0[c]) + termsOfBias[c]) + roundings * termsOfBias[c]) * 1.001 + Float.MIN_NORMAL;
            }
        }
    }
}
