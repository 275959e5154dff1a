package vit.kernels.swiglu;

import static jdk.incubator.vector.VectorOperators.LT;
import static vit.kernels.simd.Simd.ORDER;
import static vit.kernels.simd.Simd.SPECIES;

import java.lang.foreign.MemorySegment;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.VectorMask;
import vit.kernels.simd.Exp;
import vit.kernels.simd.Simd;
import vit.kernels.simd.VectorHelper;
import vit.kernels.simd.VectorLoop;
import vit.kernels.tensor.Tensor;

/**
 * The backward pass of SwiGLU on the Vector API; the loops of the forward pass are {@link vit.kernels.simd.Logistic#gated}. Elements are independent.
 * The tail of a row is computed by scalar code with the same bits.
 *
 * <p>With t = |a|, z = e^(−t) and q = z/(1 + z) = σ(−t), nothing cancels:
 *
 * <pre>
 *   a ≥ 0:  silu(a) = a/(1 + z)          a &lt; 0:  silu(a) = a·z/(1 + z)
 *   a &lt; 0:  silu′(a) = h(t) = q − t·q/(1 + z)
 *   a ≥ 0:  silu′(a) = 1 − h(t)
 * </pre>
 */
final class SwiGluSimd {

    private static final class Lanes {
        static final FloatVector ZERO = Simd.broadcast(0f);
        static final FloatVector ONE = Simd.broadcast(1f);
        static final FloatVector LOWEST = Simd.broadcast(Exp.LOWEST);
    }

    private SwiGluSimd() {}

    /**
     * da = dout·b·silu′(a) and db = dout·silu(a) over {@code n} floats. The elements of a and da begin at {@code inOffset} and {@code dinOffset}, those
     * of b and db lie {@code n} floats behind; din may be in itself.
     */
    @VectorLoop
    static void backward(MemorySegment din, long dinOffset, MemorySegment dout, long doutOffset, MemorySegment in, long inOffset, int n) {
        din = Tensor.offHeap(din);
        dout = Tensor.offHeap(dout);
        in = Tensor.offHeap(in);
        long half = (long) n * Float.BYTES;
        int i = 0;
        for (; i <= n - Simd.LANES; i += Simd.LANES) {
            long at = (long) i * Float.BYTES;
            FloatVector upstream = FloatVector.fromMemorySegment(SPECIES, dout, doutOffset + at, ORDER);
            FloatVector a = FloatVector.fromMemorySegment(SPECIES, in, inOffset + at, ORDER);
            FloatVector b = FloatVector.fromMemorySegment(SPECIES, in, inOffset + half + at, ORDER);
            FloatVector exponent = a.abs().neg();
            FloatVector z = Exp.of(exponent);
            slope(a, exponent, z).mul(upstream.mul(b)).intoMemorySegment(din, dinOffset + at, ORDER);
            silu(a, exponent, z).mul(upstream).intoMemorySegment(din, dinOffset + half + at, ORDER);
        }
        for (; i < n; i++) {
            long at = (long) i * Float.BYTES;
            float upstream = dout.get(Tensor.FLOAT, doutOffset + at);
            float a = in.get(Tensor.FLOAT, inOffset + at);
            float b = in.get(Tensor.FLOAT, inOffset + half + at);
            float z = Exp.of(-Math.abs(a));
            din.set(Tensor.FLOAT, dinOffset + at, slope(a, z) * (upstream * b));
            din.set(Tensor.FLOAT, dinOffset + half + at, silu(a, z) * upstream);
        }
    }

    @VectorHelper
    private static FloatVector silu(FloatVector a, FloatVector exponent, FloatVector z) {
        VectorMask<Float> beyond = exponent.compare(LT, Lanes.LOWEST);
        FloatVector negative = a.mul(z).blend(Lanes.ZERO, beyond);
        return a.blend(negative, a.compare(LT, Lanes.ZERO)).div(z.add(Lanes.ONE));
    }

    private static float silu(float a, float z) {
        float negative = -Math.abs(a) < Exp.LOWEST ? 0f : a * z;
        return (a < 0f ? negative : a) / (z + 1f);
    }

    @VectorHelper
    private static FloatVector slope(FloatVector a, FloatVector exponent, FloatVector z) {
        FloatVector whole = z.add(Lanes.ONE);
        FloatVector q = z.div(whole);
        FloatVector h = exponent.mul(q).div(whole).add(q).blend(Lanes.ZERO, exponent.compare(LT, Lanes.LOWEST));
        return Lanes.ONE.sub(h).blend(h, a.compare(LT, Lanes.ZERO));
    }

    private static float slope(float a, float z) {
        float exponent = -Math.abs(a);
        float whole = z + 1f;
        float q = z / whole;
        float h = exponent < Exp.LOWEST ? 0f : exponent * q / whole + q;
        return a < 0f ? h : 1f - h;
    }
}
