package vit.kernels.groupnorm;

import java.lang.foreign.MemorySegment;
import java.util.List;
import vit.kernels.contract.Doubles;
import vit.kernels.contract.Require;
import vit.kernels.jit.Rehearsal;
import vit.kernels.parallel.Worker;
import vit.kernels.simd.Implementation;
import vit.kernels.tensor.Tensor;

/**
 * Group normalisation (Wu and He 2018) of feature maps that are stored channels last: (B·P, C), one row a pixel, P = H·W pixels an image. A group is
 * C/G neighbouring channels of all pixels of one image, n = P·C/G elements, and y = (x − mean)·rstd·weight + bias with rstd = 1/√(variance + epsilon).
 * The variance divides by n.
 *
 * <p>The sums are taken in double: first over blocks of {@value #BLOCK} pixels of each channel, then over the blocks of a channel, then over the
 * channels of a group, always in ascending order. So they do not depend on the number of threads, the vector width or the other images of the batch. A
 * group with a NaN or an infinity becomes NaN.
 *
 * <p>Every worker of a team calls a method with the same arguments and computes its share. Both passes have two barriers inside. A result is complete
 * once the team has passed its next barrier, and the scratch memory is in use until then.
 */
public final class GroupNorm {

    /** Pixels whose sum is one chain. Another number gives other bits. */
    static final int BLOCK = 128;

    private GroupNorm() {}

    /**
     * Rehearsals of the method that holds the vector code of {@link #forward}, so that it can be compiled ahead of use. Those of its sums are {@link
     * vit.kernels.simd.ColumnSums#rehearsals}.
     */
    public static List<Rehearsal> rehearsals() {
        MemorySegment row = Rehearsal.elements();
        return List.of(Rehearsal.ofElements("GroupNormSimd.normalise", (n, times) -> {
            for (int i = 0; i < times; i++) {
                GroupNormSimd.normalise(row, 0, row, 0, row, 0, 0, 0, n);
            }
        }));
    }

    /**
     * The floats of scratch memory that {@link #forward} and {@link #backward} need for {@code batch} images of {@code pixels} pixels and {@code
     * channels} channels. Fewer images, or fewer pixels of as many channels, need no more.
     *
     * @throws ArithmeticException if that is more than an int can hold
     */
    public static int scratch(int channels, int batch, int pixels) {
        return Math.multiplyExact(Math.multiplyExact(batch, channels), GroupNormSimd.FACTORS + GroupNormSimd.SUMS * Math.ceilDiv(pixels, BLOCK));
    }

    /**
     * Normalises each group of each image, with two barriers inside.
     *
     * @param y       (B·P, C), overwritten; may be {@code x} itself
     * @param mean    (B·G) or more, overwritten with the mean of each group for a backward pass; null when none follows
     * @param rstd    (B·G) or more, overwritten with 1/√(variance + epsilon) of each group; null when no backward pass follows
     * @param x       (B·P, C)
     * @param weight  (C)
     * @param bias    (C)
     * @param epsilon added to the variance, at least 0
     * @param groups  G, a divisor of C
     * @param batch   B, the number of images in use
     * @param pixels  P, at least 1
     * @param scratch at least {@link #scratch} floats without gaps, overwritten; shares no memory with another argument
     * @param w       the calling member of the team
     * @throws IllegalArgumentException if a shape does not fit, G does not divide C, or y shares part of x's memory
     */
    public static void forward(
            Tensor y, Tensor mean, Tensor rstd, Tensor x, Tensor weight, Tensor bias, double epsilon, int groups, int batch, int pixels,
            Tensor scratch, Worker w) {
        checkCommon(x, weight, groups, batch, pixels, scratch);
        Require.rows("y", y, (long) batch * pixels, x.columns());
        Require.exactly("bias", bias, 1, x.columns());
        Require.sameOrDisjoint("y", y, "x", x);
        Require.disjoint("scratch", scratch, "y", y);
        if (mean != null) {
            Require.perRow("mean", mean, (long) batch * groups);
        }
        if (rstd != null) {
            Require.perRow("rstd", rstd, (long) batch * groups);
        }
        if (Implementation.isReference()) {
            if (w.isFirst()) {
                forwardReference(y, mean, rstd, x, weight, bias, epsilon, groups, batch, pixels);
            }
            return;
        }
        int items = GroupNormSimd.items(x.columns(), batch, pixels);
        GroupNormSimd.sumSquares(scratch, x, batch, pixels, w.from(items), w.to(items), w.sums());
        w.barrier();
        GroupNormSimd.statistics(scratch, mean, rstd, weight, bias, epsilon, groups, batch, pixels, w.from(batch * groups), w.to(batch * groups));
        w.barrier();
        GroupNormSimd.normalise(y, x, scratch, pixels, w.from(batch * pixels), w.to(batch * pixels));
    }

    private static void checkCommon(Tensor x, Tensor weight, int groups, int batch, int pixels, Tensor scratch) {
        int channels = x.columns();
        Require.range("groups", groups, 1, channels);
        if (channels % groups != 0) {
            throw new IllegalArgumentException("groups: expected a divisor of the " + channels + " channels, found " + groups);
        }
        Require.range("batch", batch, 0, Integer.MAX_VALUE);
        Require.range("pixels", pixels, 1, Integer.MAX_VALUE);
        Require.rows("x", x, (long) batch * pixels, channels);
        Require.exactly("weight", weight, 1, channels);
        Require.perRow("scratch", scratch, scratch(channels, batch, pixels));
        Require.disjoint("scratch", scratch, "x", x);
        Require.disjoint("scratch", scratch, "weight", weight);
    }

    private static void forwardReference(
            Tensor y, Tensor mean, Tensor rstd, Tensor x, Tensor weight, Tensor bias, double epsilon, int groups, int batch, int pixels) {
        double[] values = Doubles.read(x, batch * pixels);
        double[] means = new double[batch * groups];
        double[] rstds = new double[batch * groups];
        GroupNormReference.forward(values, means, rstds, values, Doubles.read(weight), Doubles.read(bias), epsilon, groups, batch, pixels);
        Doubles.write(y, values);
        if (mean != null) {
            Doubles.writeSpan(mean, 0, means);
        }
        if (rstd != null) {
            Doubles.writeSpan(rstd, 0, rstds);
        }
    }

    /**
     * The backward pass, with two barriers inside. With x̂ = (x − mean)·rstd and g = dy·weight: dx = rstd·(g − mean(g) − x̂·mean(g·x̂)), where the means
     * are over a group of an image, dweight += Σ dy·x̂, dbias += Σ dy. Each element of dweight and dbias takes the images in ascending order and is
     * rounded after each, so micro-batches that follow one another give the bits of the whole batch.
     *
     * @param dx      (B·P, C), overwritten; may be {@code dy} itself
     * @param dweight (C), accumulated
     * @param dbias   (C), accumulated
     * @param dy      (B·P, C)
     * @param x       (B·P, C), the input of forward
     * @param mean    (B·G) or more, from forward
     * @param rstd    (B·G) or more, from forward
     * @param weight  (C)
     * @param groups  G, as in forward
     * @param batch   B, the number of images in use
     * @param pixels  P
     * @param scratch at least {@link #scratch} floats without gaps, overwritten; shares no memory with another argument
     * @param w       the calling member of the team
     * @throws IllegalArgumentException if a shape does not fit, G does not divide C, or dx shares memory with x or part of that of dy
     */
    public static void backward(
            Tensor dx, Tensor dweight, Tensor dbias, Tensor dy, Tensor x, Tensor mean, Tensor rstd, Tensor weight,
            int groups, int batch, int pixels, Tensor scratch, Worker w) {
        checkCommon(x, weight, groups, batch, pixels, scratch);
        int channels = x.columns();
        Require.rows("dx", dx, (long) batch * pixels, channels);
        Require.rows("dy", dy, (long) batch * pixels, channels);
        Require.exactly("dweight", dweight, 1, channels);
        Require.exactly("dbias", dbias, 1, channels);
        Require.perRow("mean", mean, (long) batch * groups);
        Require.perRow("rstd", rstd, (long) batch * groups);
        Require.sameOrDisjoint("dx", dx, "dy", dy);
        Require.disjoint("dx", dx, "x", x);
        Require.disjoint("scratch", scratch, "dx", dx);
        Require.disjoint("scratch", scratch, "dy", dy);
        if (Implementation.isReference()) {
            if (w.isFirst()) {
                backwardReference(dx, dweight, dbias, dy, x, mean, rstd, weight, groups, batch, pixels);
            }
            return;
        }
        int items = GroupNormSimd.items(channels, batch, pixels);
        GroupNormSimd.sumProducts(scratch, dy, x, batch, pixels, w.from(items), w.to(items), w.sums());
        w.barrier();
        GroupNormSimd.gradientFactors(scratch, dweight, dbias, mean, rstd, weight, groups, batch, pixels, w.from(groups), w.to(groups));
        w.barrier();
        GroupNormSimd.inputGradient(dx, dy, x, scratch, pixels, w.from(batch * pixels), w.to(batch * pixels));
    }

    private static void backwardReference(
            Tensor dx, Tensor dweight, Tensor dbias, Tensor dy, Tensor x, Tensor mean, Tensor rstd, Tensor weight,
            int groups, int batch, int pixels) {
        int rows = batch * pixels;
        double[] gradient = new double[Math.multiplyExact(rows, x.columns())];
        double[] ofWeight = Doubles.read(dweight);
        double[] ofBias = Doubles.read(dbias);
        GroupNormReference.backward(gradient, ofWeight, ofBias, Doubles.read(dy, rows), Doubles.read(x, rows),
                Doubles.readSpan(mean, 0, batch * groups), Doubles.readSpan(rstd, 0, batch * groups), Doubles.read(weight), groups, batch, pixels);
        Doubles.write(dx, gradient);
        Doubles.write(dweight, ofWeight);
        Doubles.write(dbias, ofBias);
    }
}
