package vit.kernels.gemm;

import vit.kernels.simd.Simd;

/**
 * Elements of 8 bits ({@link Storage#INT8}): how they are rounded, and where they lie in a panel.
 *
 * <p>A vector of words of 32 bits holds four neighbouring vectors of the panel. Byte v of a word, counted from the lowest bits, is an element of the v-th
 * of them, in the word's lane. They are one step of k where a step has four vectors, and two steps where it has two. A last step that is alone in its words
 * has zeros beside it.
 */
final class Quantization {

    /** The largest code. The smallest is its negative, so that a weight and its negative have the same error. */
    static final int MOST = 127;

    /** Bytes of a word, and vectors that share a vector of words. */
    private static final int BYTES = Integer.BYTES;

    /** Steps of k that share a vector of words. */
    static final int STEPS = BYTES / MicroKernel.VECTORS;

    /** The bits of a float without its sign; those of finite floats are below {@link #INFINITE}. */
    private static final int MAGNITUDE = 0x7FFF_FFFF;

    private static final int INFINITE = 0x7F80_0000;

    private Quantization() {}

    /** Words of {@code depth} steps of k of a panel. */
    static int words(int depth) {
        return (depth + STEPS - 1) / STEPS * Simd.LANES;
    }

    /** The scale of an output with these elements; NaN if one of them is not finite, or so large that its value would not be. */
    static float scale(float[] weight, int from, int depth) {
        int largest = 0; // magnitudes compare like their bits
        for (int i = 0; i < depth; i++) {
            largest = Math.max(largest, Float.floatToRawIntBits(weight[from + i]) & MAGNITUDE);
        }
        if (largest == 0) {
            return 0;
        }
        float scale = Math.max(Float.intBitsToFloat(largest) / MOST, Float.MIN_NORMAL);
        return largest < INFINITE && Float.isFinite(value(MOST, scale)) ? scale : Float.NaN;
    }

    /**
     * The code of an element: element / scale, rounded to the nearest whole number, and of two to the even one. The quotient of two floats, rounded to a
     * double, lies halfway between two whole numbers only if the exact one does. The code for the scale 0 is 0.
     */
    static int code(float element, float scale) {
        return scale == 0 ? 0 : (int) Math.rint(element / (double) scale);
    }

    /**
     * Writes the codes of all elements to the same places, and the scale of every output to {@code scales}, from {@code firstScale} on. Returns whether all outputs
     * have one ({@link #scale}); if not, what was written means nothing.
     */
    static boolean round(float[] codes, float[] scales, int firstScale, float[] weight, int outputs, int depth) {
        for (int n = 0; n < outputs; n++) {
            float scale = scale(weight, n * depth, depth);
            if (Float.isNaN(scale)) {
                return false;
            }
            round(codes, weight, n * depth, depth, scale);
            scales[firstScale + n] = scale;
        }
        return true;
    }

    /** Writes the codes of an output's elements to the same places. */
    static void round(float[] codes, float[] weight, int from, int depth, float scale) {
        for (int i = 0; i < depth; i++) {
            codes[from + i] = code(weight[from + i], scale);
        }
    }

    /** The values that the elements of an output have once they are rounded to codes. */
    static void values(float[] values, float[] weight, int from, int depth, float scale) {
        for (int i = 0; i < depth; i++) {
            values[i] = value(code(weight[from + i], scale), scale);
        }
    }

    /** The value of a code. */
    static float value(int code, float scale) {
        return code * scale;
    }

    /**
     * Packs {@code count} steps of k of a panel, from {@code firstStep} on, which begins words of its own.
     *
     * @param codes of all outputs, (outputs, depth)
     */
    static void packSteps(int[] words, int to, float[] codes, int outputs, int depth, int firstOutput, int firstStep, int count) {
        for (int lane = 0; lane < Simd.LANES; lane++) {
            for (int i = 0; i < count; i += STEPS) {
                int word = 0;
                for (int b = 0; b < BYTES; b++) {
                    int output = firstOutput + b % MicroKernel.VECTORS * Simd.LANES + lane;
                    int step = i + b / MicroKernel.VECTORS;
                    if (output < outputs && step < count) {
                        word |= ((int) codes[output * depth + firstStep + step] & 0xFF) << b * Byte.SIZE;
                    }
                }
                words[to + i / STEPS * Simd.LANES + lane] = word;
            }
        }
    }

    /** Byte offset in a panel of the word that holds the element of the panel's output {@code n} at step {@code k}. */
    static long wordOffset(int n, int k) {
        return (long) (k / STEPS * Simd.LANES + n % Simd.LANES) * Integer.BYTES;
    }

    /** The code of that element, of its word. */
    static int codeOf(int word, int n, int k) {
        return (byte) (word >>> (k % STEPS * MicroKernel.VECTORS + n / Simd.LANES) * Byte.SIZE);
    }
}
