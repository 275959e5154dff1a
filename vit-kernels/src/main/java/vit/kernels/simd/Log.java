package vit.kernels.simd;

/**
 * The natural logarithm in float, scalar only. The log-sum-exp needs it once for each row.
 *
 * <p>Worst error 0.86 ulp, measured over all floats. ±0 gives −∞, negative arguments and NaN give NaN, +∞ gives +∞.
 *
 * <p>x = 2ⁿ·(1 + f) with √½ ≤ 1 + f &lt; √2; log x = n·ln 2 + f − f²/2 + f³·q(f), q of degree 7, fitted like the polynomial of {@link Exp}. In exact
 * arithmetic the error left is 0.098·2⁻²⁴ of log(1 + f). ln 2 is held in two floats.
 */
public final class Log {

    /** The bits of the float nearest √½, where the range of 1 + f begins. */
    private static final int SQRT_HALF = 0x3f3504f3;

    /** The power of two that makes a subnormal float normal, exactly. */
    private static final int SUBNORMAL_EXPONENT = 23;

    private static final float SUBNORMAL_SCALE = 0x1p23f;

    private static final float Q0 = 0x1.555554p-2f;
    private static final float Q1 = -0x1.000226p-2f;
    private static final float Q2 = 0x1.99a01cp-3f;
    private static final float Q3 = -0x1.54728ap-3f;
    private static final float Q4 = 0x1.22d93ap-3f;
    private static final float Q5 = -0x1.0d8258p-3f;
    private static final float Q6 = 0x1.055e38p-3f;
    private static final float Q7 = -0x1.38c77cp-4f;

    private Log() {}

    /** The natural logarithm of {@code x}. */
    public static float of(float x) {
        if (x >= Float.MIN_NORMAL && x < Float.POSITIVE_INFINITY) {
            return ofNormal(x, 0);
        }
        if (x > 0f && x < Float.MIN_NORMAL) {
            return ofNormal(x * SUBNORMAL_SCALE, -SUBNORMAL_EXPONENT);
        }
        if (x == 0f) {
            return Float.NEGATIVE_INFINITY;
        }
        return x > 0f ? x : Float.NaN;
    }

    private static float ofNormal(float x, int scaleExponent) {
        int bits = Float.floatToRawIntBits(x);
        int exponent = (bits - SQRT_HALF) >> Exp.EXPONENT_SHIFT;
        float n = exponent + scaleExponent;
        float f = Float.intBitsToFloat(bits - (exponent << Exp.EXPONENT_SHIFT)) - 1f;
        float square = f * f;
        float tail = Math.fma(square, -0.5f, Math.fma(square, polynomial(f) * f, n * -Exp.MINUS_LN2_LOW));
        return Math.fma(n, -Exp.MINUS_LN2_HIGH, f + tail);
    }

    private static float polynomial(float f) {
        float q = Math.fma(f, Q7, Q6);
        q = Math.fma(q, f, Q5);
        q = Math.fma(q, f, Q4);
        q = Math.fma(q, f, Q3);
        q = Math.fma(q, f, Q2);
        q = Math.fma(q, f, Q1);
        return Math.fma(q, f, Q0);
    }
}
