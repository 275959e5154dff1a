package vit.kernels.dropout;

import vit.kernels.contract.Require;

/** The numbers that follow from a probability p of being dropped. */
final class DropProbability {

    private static final double WORDS = 0x1p32;

    private DropProbability() {}

    static void check(double p) {
        Require.fraction("drop probability", p, 0, 1);
    }

    /** The threshold p · 2³², rounded: an element is dropped if its random word, unsigned, is below it. */
    static int threshold(double p) {
        return (int) Math.min(Math.round(p * WORDS), (long) WORDS - 1);
    }

    /** Whether an element with this random word is dropped. */
    static boolean drops(int word, int threshold) {
        return Integer.compareUnsigned(word, threshold) < 0;
    }

    /** 1 / (1 − p), the factor on elements that are kept, which keeps the expectation unchanged. */
    static double scale(double p) {
        return 1 / (1 - p);
    }
}
