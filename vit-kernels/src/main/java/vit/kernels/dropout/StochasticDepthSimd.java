package vit.kernels.dropout;

import static vit.kernels.simd.Simd.LANES;
import static vit.kernels.simd.Simd.ORDER;
import static vit.kernels.simd.Simd.SPECIES;

import jdk.incubator.vector.FloatVector;
import vit.kernels.simd.VectorLoop;
import vit.kernels.tensor.Tensor;

/** {@link StochasticDepth} on the Vector API: a lane is an element. */
final class StochasticDepthSimd {

    private StochasticDepthSimd() {}

    /** Rows {@code from} to {@code to}, counted over the whole batch. */
    static void apply(
            Tensor out, Tensor in, double p, long seed, long stream, long firstImage, int rowsPerImage, int from, int to) {
        float kept = (float) DropProbability.scale(p);
        for (int row = from; row < to; row++) {
            if (StochasticDepth.drops(p, seed, stream, firstImage + row / rowsPerImage)) {
                zero(out, row);
            } else {
                scale(out, in, row, kept);
            }
        }
    }

    @VectorLoop
    private static void scale(Tensor out, Tensor in, int row, float factor) {
        int C = in.columns();
        long outAt = (long) row * out.rowStride();
        long inAt = (long) row * in.rowStride();
        int c = 0;
        for (; c <= C - LANES; c += LANES) {
            FloatVector x = FloatVector.fromMemorySegment(SPECIES, in.segment(), (inAt + c) * Float.BYTES, ORDER);
            x.mul(factor).intoMemorySegment(out.segment(), (outAt + c) * Float.BYTES, ORDER);
        }
        for (; c < C; c++) {
            out.segment().setAtIndex(Tensor.FLOAT, outAt + c, in.segment().getAtIndex(Tensor.FLOAT, inAt + c) * factor);
        }
    }

    @VectorLoop
    private static void zero(Tensor out, int row) {
        int C = out.columns();
        long at = (long) row * out.rowStride();
        FloatVector zero = FloatVector.zero(SPECIES);
        int c = 0;
        for (; c <= C - LANES; c += LANES) {
            zero.intoMemorySegment(out.segment(), (at + c) * Float.BYTES, ORDER);
        }
        for (; c < C; c++) {
            out.segment().setAtIndex(Tensor.FLOAT, at + c, 0f);
        }
    }
}
