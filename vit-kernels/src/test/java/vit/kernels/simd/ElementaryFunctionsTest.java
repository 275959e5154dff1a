package vit.kernels.simd;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.Locale;
import java.util.function.DoubleUnaryOperator;
import java.util.function.UnaryOperator;
import java.util.stream.IntStream;
import jdk.incubator.vector.FloatVector;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import vit.kernels.tensor.Tensor;
import vit.kernels.tensor.TensorArena;

/**
 * The elementary functions over the whole range of float: they keep the stated worst error, and the vector and the scalar form have the same bits.
 * The ordinary tests take every 10,007th float, the heavy ones all 2³².
 */
class ElementaryFunctionsTest {

    /** A prime, so that the sampled floats share no pattern of bits. */
    private static final int STRIDE = 10_007;

    private static final int CHUNKS = 256;

    @FunctionalInterface
    private interface Scalar {
        float of(float x);
    }

    /**
     * A function under test.
     *
     * @param vector null if there is no vector form
     * @param stated the worst error in ulp that its documentation states
     */
    private record Function(
            String name, Scalar scalar, UnaryOperator<FloatVector> vector, DoubleUnaryOperator truth, double stated) {}

    private static final Function EXP = new Function("exp", Exp::of, Exp::of, ElementaryFunctionsTest::exp, 0.90);
    private static final Function ERF = new Function("erf", Erf::of, Erf::of, ErfReference::erf, 1.49);
    private static final Function TANH = new Function("tanh", Tanh::of, Tanh::of, Math::tanh, 1.37);
    private static final Function LOG = new Function("log", Log::of, null, Math::log, 0.86);

    /** The true value, except that subnormal results are 0, as documented. */
    private static double exp(double x) {
        return x < Exp.LOWEST ? 0 : Math.exp(x);
    }

    @Test
    void expKeepsItsStatedErrorAndItsBits() {
        sweep(EXP, STRIDE);
    }

    @Test
    void erfKeepsItsStatedErrorAndItsBits() {
        sweep(ERF, STRIDE);
    }

    @Test
    void tanhKeepsItsStatedErrorAndItsBits() {
        sweep(TANH, STRIDE);
    }

    @Test
    void logKeepsItsStatedError() {
        sweep(LOG, STRIDE);
    }

    @Test
    @Tag("heavy")
    void expKeepsItsStatedErrorOverAllFloats() {
        sweep(EXP, 1);
    }

    @Test
    @Tag("heavy")
    void erfKeepsItsStatedErrorOverAllFloats() {
        sweep(ERF, 1);
    }

    @Test
    @Tag("heavy")
    void tanhKeepsItsStatedErrorOverAllFloats() {
        sweep(TANH, 1);
    }

    @Test
    @Tag("heavy")
    void logKeepsItsStatedErrorOverAllFloats() {
        sweep(LOG, 1);
    }

    /** The worst error of a sweep, and where. */
    private record Worst(double ulps, float at) {
        Worst or(Worst other) {
            return other.ulps > ulps ? other : this;
        }
    }

    private static void sweep(Function function, int stride) {
        long perChunk = (1L << 32) / CHUNKS;
        Worst worst = IntStream.range(0, CHUNKS)
                .parallel()
                .mapToObj(chunk -> sweep(function, chunk * perChunk, (chunk + 1) * perChunk, stride))
                .reduce(new Worst(0, 0), Worst::or);
        System.out.printf(Locale.ROOT, "%s: worst error %.4f ulp at %s, stated %s%n",
                function.name, worst.ulps, worst.at, function.stated);
        assertTrue(worst.ulps <= function.stated, function.name + "(" + worst.at + ") is off by " + worst.ulps
                + " ulp, stated " + function.stated);
    }

    private static Worst sweep(Function function, long from, long to, int stride) {
        float[] inputs = new float[Simd.LANES];
        float[] outputs = new float[Simd.LANES];
        Worst worst = new Worst(0, 0);
        for (long bits = from; bits < to; bits += (long) stride * Simd.LANES) {
            for (int lane = 0; lane < Simd.LANES; lane++) {
                inputs[lane] = Float.intBitsToFloat((int) (bits + (long) lane * stride));
                outputs[lane] = function.scalar.of(inputs[lane]);
            }
            if (function.vector != null) {
                assertSameBits(function, inputs, outputs);
            }
            for (int lane = 0; lane < Simd.LANES; lane++) {
                double ulps = ulps(function, inputs[lane], outputs[lane]);
                worst = ulps > worst.ulps ? new Worst(ulps, inputs[lane]) : worst;
            }
        }
        return worst;
    }

    private static void assertSameBits(Function function, float[] inputs, float[] outputs) {
        FloatVector result = function.vector.apply(FloatVector.fromArray(Simd.SPECIES, inputs, 0));
        for (int lane = 0; lane < Simd.LANES; lane++) {
            if (Float.floatToIntBits(result.lane(lane)) != Float.floatToIntBits(outputs[lane])) {
                throw new AssertionError(function.name + "(" + inputs[lane] + ") is " + result.lane(lane)
                        + " as vector and " + outputs[lane] + " as scalar");
            }
        }
    }

    /** The error in ulps of the float nearest the truth; 0 where NaN or an infinity is the right result. */
    private static double ulps(Function function, float x, float actual) {
        double truth = function.truth.applyAsDouble(x);
        float nearest = (float) truth;
        if (Float.isNaN(nearest) || Float.isInfinite(nearest)) {
            return Float.compare(nearest, actual) == 0 ? 0 : Double.POSITIVE_INFINITY;
        }
        double error = Math.abs(actual - truth) / Math.ulp(nearest);
        return Double.isNaN(error) ? Double.POSITIVE_INFINITY : error;
    }

    @Test
    void expOfNonPositiveHasTheBitsOfExp() {
        for (int bits = 0x8000_0000; bits < 0xff80_0000 - 32 * STRIDE; bits += 23 * STRIDE) {
            float[] inputs = new float[23];
            for (int i = 0; i < inputs.length; i++) {
                inputs[i] = Float.intBitsToFloat(bits + i * STRIDE);
            }
            assertExpOfNonPositive(inputs, inputs.length);
        }
        float[] special = {0f, -0f, Float.NEGATIVE_INFINITY, Float.NaN, Exp.LOWEST, Math.nextDown(Exp.LOWEST), -1e30f};
        for (int n = 0; n <= special.length; n++) {
            assertExpOfNonPositive(special, n);
        }
    }

    /** The first {@code n} inputs become exponentials in place; the others stay. */
    private static void assertExpOfNonPositive(float[] inputs, int n) {
        try (TensorArena arena = TensorArena.open()) {
            Tensor row = arena.allocate(1, inputs.length).copyFrom(inputs);
            Exp.ofNonPositive(row.segment(), 0, row.segment(), 0, n, 1, 0, new float[Simd.VIRTUAL_LANES]);
            for (int i = 0; i < inputs.length; i++) {
                assertEquals(i < n ? Exp.of(inputs[i]) : inputs[i], row.get(0, i), "exp of " + inputs[i]);
            }
        }
    }

    @Test
    void edgesAreAsStated() {
        assertEquals(1f, Exp.of(0f));
        assertEquals(0f, Exp.of(Float.NEGATIVE_INFINITY));
        assertEquals(0f, Exp.of(Math.nextDown(Exp.LOWEST)));
        assertTrue(Exp.of(Exp.LOWEST) >= Float.MIN_NORMAL);
        assertTrue(Float.isFinite(Exp.of(Exp.HIGHEST)));
        assertEquals(Float.POSITIVE_INFINITY, Exp.of(Math.nextUp(Exp.HIGHEST)));
        assertEquals(-0f, Erf.of(-0f));
        assertEquals(-1f, Erf.of(Float.NEGATIVE_INFINITY));
        assertEquals(-0f, Tanh.of(-0f));
        assertEquals(1f, Tanh.of(Float.POSITIVE_INFINITY));
        assertEquals(Float.NEGATIVE_INFINITY, Log.of(-0f));
        assertEquals(0f, Log.of(1f));
        assertTrue(Float.isNaN(Log.of(-Float.MIN_VALUE)));
    }

    /** Values of erf and erfc from an independent source: Python's mpmath at 40 digits. */
    @Test
    void referenceOfErfIsExactToTheLastDigits() {
        double[][] cases = {
            {1e-10, 1.1283791670955126e-10, 0.999999999887162},
            {0.1, 0.1124629160182849, 0.887537083981715},
            {0.5, 0.5204998778130465, 0.4795001221869535},
            {0.9375, 0.8151024010343998, 0.1848975989656002},
            {1.5, 0.9661051464753108, 0.033894853524689274},
            {1.9921875, 0.995158258247313, 0.004841741752687067},
            {2.0, 0.9953222650189527, 0.004677734981047266},
            {2.5, 0.999593047982555, 0.0004069520174449589},
            {3.25, 0.9999956972205363, 4.302779463675122e-06},
            {5.0, 0.9999999999984626, 1.537459794428035e-12},
            {9.0, 1.0, 4.13703174651381e-37},
            {20.0, 1.0, 5.395865611607901e-176},
            {-0.75, -0.7111556336535151, 1.7111556336535152},
            {-2.5, -0.999593047982555, 1.999593047982555}
        };
        for (double[] c : cases) {
            assertEquals(c[1], ErfReference.erf(c[0]), 2e-16 * Math.abs(c[1]) * 4, "erf " + c[0]);
            assertEquals(c[2], ErfReference.erfc(c[0]), c[2] * (c[0] * c[0] + 1) * 4e-15, "erfc " + c[0]);
        }
    }
}
