package vit.kernels.verify.catalogue;

import java.util.List;
import java.util.function.DoubleUnaryOperator;
import java.util.function.UnaryOperator;
import jdk.incubator.vector.FloatVector;
import vit.kernels.simd.Erf;
import vit.kernels.simd.ErfReference;
import vit.kernels.simd.Exp;
import vit.kernels.simd.Log;
import vit.kernels.simd.Simd;
import vit.kernels.simd.Tanh;
import vit.kernels.tensor.Tensor;

/**
 * The elementary functions, in their vector and their scalar form, over floats of all signs and sizes. They must keep the worst error that their
 * documentation states, in ulp of the float nearest the truth.
 */
final class FunctionKernels {

    private FunctionKernels() {}

    /** The scalar form of a function. */
    @FunctionalInterface
    private interface Scalar {
        float of(float x);
    }

    static List<Kernel> all() {
        return List.of(
                new Kernel("exp", draw -> function(draw, Exp::of, Exp::of, FunctionKernels::exp, 0.90)),
                new Kernel("erf", draw -> function(draw, Erf::of, Erf::of, ErfReference::erf, 1.49)),
                new Kernel("tanh", draw -> function(draw, Tanh::of, Tanh::of, Math::tanh, 1.37)),
                new Kernel("log", draw -> function(draw, null, Log::of, Math::log, 0.86)));
    }

    /** The true value, except that subnormal results are 0, as documented. */
    private static double exp(double x) {
        return x < Exp.LOWEST ? 0 : Math.exp(x);
    }

    /** @param vector null if there is no vector form */
    private static Call function(Draw draw, UnaryOperator<FloatVector> vector, Scalar scalar, DoubleUnaryOperator truth, double ulps) {
        int n = 25 * Simd.VIRTUAL_LANES;
        Tensor x = draw.arena().allocate(n);
        Tensor ofScalars = draw.arena().allocate(n);
        Tensor ofVectors = draw.arena().allocate(n);
        for (int i = 0; i < n; i++) {
            x.set(0, i, Float.intBitsToFloat(draw.random().nextInt()));
        }
        Call call = Call.of(w -> {
            for (int i = w.from(n / Simd.LANES) * Simd.LANES; i < w.to(n / Simd.LANES) * Simd.LANES; i++) {
                ofScalars.set(0, i, scalar.of(x.get(0, i)));
                if (vector != null && i % Simd.LANES == 0) {
                    apply(vector, ofVectors, x, (long) i * Float.BYTES);
                }
            }
        }).output("scalar", ofScalars);
        if (vector != null) {
            call.output("vector", ofVectors);
        }
        return call.truths(() -> {
            double[] expected = new double[n];
            for (int i = 0; i < n; i++) {
                expected[i] = truth.applyAsDouble(x.get(0, i));
                float nearest = (float) expected[i];
                expected[i] = Float.isFinite(nearest) ? expected[i] : nearest; // a truth too large for a float is infinite
            }
            Truth one = Truth.within(expected, i -> ulps * Math.ulp((float) expected[i]));
            return vector == null ? List.of(one) : List.of(one, one);
        });
    }

    /** The function of one vector, {@code at} bytes from the first. */
    private static void apply(UnaryOperator<FloatVector> function, Tensor y, Tensor x, long at) {
        function.apply(FloatVector.fromMemorySegment(Simd.SPECIES, x.segment(), at, Simd.ORDER)).intoMemorySegment(y.segment(), at, Simd.ORDER);
    }
}
