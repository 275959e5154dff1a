package vit.kernels.residual;

import static vit.kernels.simd.Simd.LANES;
import static vit.kernels.simd.Simd.ORDER;
import static vit.kernels.simd.Simd.SPECIES;

import java.lang.foreign.MemorySegment;
import jdk.incubator.vector.FloatVector;
import vit.kernels.simd.VectorHelper;
import vit.kernels.simd.VectorLoop;
import vit.kernels.tensor.Tensor;

/** {@link Residual} on the Vector API. A lane is one element, or the chain of one column over the rows. */
final class ResidualSimd {

    /** The number of vectors that the column sums take side by side. 4 independent chains cover the 4 cycles of an fma's latency at one fma a cycle. */
    private static final int ABREAST = 4;

    private ResidualSimd() {}

    /** Rows {@code from} to {@code to}. */
    @VectorLoop
    static void add(Tensor y, Tensor x, Tensor branch, int from, int to) {
        int C = y.columns();
        for (int row = from; row < to; row++) {
            long yAt = (long) row * y.rowStride();
            long xAt = (long) row * x.rowStride();
            long branchAt = (long) row * branch.rowStride();
            int c = 0;
            for (; c <= C - LANES; c += LANES) {
                FloatVector sum = load(x.segment(), xAt + c).add(load(branch.segment(), branchAt + c));
                store(sum, y.segment(), yAt + c);
            }
            for (; c < C; c++) {
                float sum = get(x.segment(), xAt + c) + get(branch.segment(), branchAt + c);
                set(y.segment(), yAt + c, sum);
            }
        }
    }

    /** Rows {@code from} to {@code to}, with one rounding for each element: fma(gamma, branch, x). */
    @VectorLoop
    static void addScaled(Tensor y, Tensor x, Tensor branch, Tensor gamma, int from, int to) {
        int C = y.columns();
        for (int row = from; row < to; row++) {
            long yAt = (long) row * y.rowStride();
            long xAt = (long) row * x.rowStride();
            long branchAt = (long) row * branch.rowStride();
            int c = 0;
            for (; c <= C - LANES; c += LANES) {
                FloatVector scaled = load(gamma.segment(), c).fma(load(branch.segment(), branchAt + c), load(x.segment(), xAt + c));
                store(scaled, y.segment(), yAt + c);
            }
            for (; c < C; c++) {
                float scaled = Math.fma(get(gamma.segment(), c), get(branch.segment(), branchAt + c), get(x.segment(), xAt + c));
                set(y.segment(), yAt + c, scaled);
            }
        }
    }

    /** Columns {@code from} to {@code to} of all rows. One worker computes the whole chain of a column over the rows. */
    static void addScaledBackward(
            Tensor dbranch, Tensor dgamma, Tensor dy, Tensor branch, Tensor gamma, int rows, int from, int to) {
        int c = from;
        for (; c <= to - ABREAST * LANES; c += ABREAST * LANES) {
            backwardAbreast(dbranch, dgamma, dy, branch, gamma, rows, c);
        }
        for (; c <= to - LANES; c += LANES) {
            backwardVector(dbranch, dgamma, dy, branch, gamma, rows, c);
        }
        for (; c < to; c++) {
            backwardColumn(dbranch, dgamma, dy, branch, gamma, rows, c);
        }
    }

    @VectorLoop
    private static void backwardAbreast(
            Tensor dbranch, Tensor dgamma, Tensor dy, Tensor branch, Tensor gamma, int rows, int c) {
        FloatVector gamma0 = load(gamma.segment(), c);
        FloatVector gamma1 = load(gamma.segment(), c + LANES);
        FloatVector gamma2 = load(gamma.segment(), c + 2 * LANES);
        FloatVector gamma3 = load(gamma.segment(), c + 3 * LANES);
        FloatVector acc0 = load(dgamma.segment(), c);
        FloatVector acc1 = load(dgamma.segment(), c + LANES);
        FloatVector acc2 = load(dgamma.segment(), c + 2 * LANES);
        FloatVector acc3 = load(dgamma.segment(), c + 3 * LANES);
        for (int row = 0; row < rows; row++) {
            long dyAt = (long) row * dy.rowStride() + c;
            long branchAt = (long) row * branch.rowStride() + c;
            long outAt = (long) row * dbranch.rowStride() + c;
            FloatVector dy0 = load(dy.segment(), dyAt);
            FloatVector dy1 = load(dy.segment(), dyAt + LANES);
            FloatVector dy2 = load(dy.segment(), dyAt + 2 * LANES);
            FloatVector dy3 = load(dy.segment(), dyAt + 3 * LANES);
            acc0 = dy0.fma(load(branch.segment(), branchAt), acc0);
            acc1 = dy1.fma(load(branch.segment(), branchAt + LANES), acc1);
            acc2 = dy2.fma(load(branch.segment(), branchAt + 2 * LANES), acc2);
            acc3 = dy3.fma(load(branch.segment(), branchAt + 3 * LANES), acc3);
            store(gamma0.mul(dy0), dbranch.segment(), outAt);
            store(gamma1.mul(dy1), dbranch.segment(), outAt + LANES);
            store(gamma2.mul(dy2), dbranch.segment(), outAt + 2 * LANES);
            store(gamma3.mul(dy3), dbranch.segment(), outAt + 3 * LANES);
        }
        store(acc0, dgamma.segment(), c);
        store(acc1, dgamma.segment(), c + LANES);
        store(acc2, dgamma.segment(), c + 2 * LANES);
        store(acc3, dgamma.segment(), c + 3 * LANES);
    }

    @VectorLoop
    private static void backwardVector(
            Tensor dbranch, Tensor dgamma, Tensor dy, Tensor branch, Tensor gamma, int rows, int c) {
        FloatVector scale = load(gamma.segment(), c);
        FloatVector acc = load(dgamma.segment(), c);
        for (int row = 0; row < rows; row++) {
            FloatVector g = load(dy.segment(), (long) row * dy.rowStride() + c);
            acc = g.fma(load(branch.segment(), (long) row * branch.rowStride() + c), acc);
            store(scale.mul(g), dbranch.segment(), (long) row * dbranch.rowStride() + c);
        }
        store(acc, dgamma.segment(), c);
    }

    private static void backwardColumn(
            Tensor dbranch, Tensor dgamma, Tensor dy, Tensor branch, Tensor gamma, int rows, int c) {
        float scale = get(gamma.segment(), c);
        float acc = get(dgamma.segment(), c);
        for (int row = 0; row < rows; row++) {
            float g = get(dy.segment(), (long) row * dy.rowStride() + c);
            acc = Math.fma(g, get(branch.segment(), (long) row * branch.rowStride() + c), acc);
            set(dbranch.segment(), (long) row * dbranch.rowStride() + c, scale * g);
        }
        set(dgamma.segment(), c, acc);
    }

    @VectorHelper
    private static FloatVector load(MemorySegment segment, long at) {
        return FloatVector.fromMemorySegment(SPECIES, segment, at * Float.BYTES, ORDER);
    }

    @VectorHelper
    private static void store(FloatVector v, MemorySegment segment, long at) {
        v.intoMemorySegment(segment, at * Float.BYTES, ORDER);
    }

    private static float get(MemorySegment segment, long at) {
        return segment.getAtIndex(Tensor.FLOAT, at);
    }

    private static void set(MemorySegment segment, long at, float value) {
        segment.setAtIndex(Tensor.FLOAT, at, value);
    }
}
