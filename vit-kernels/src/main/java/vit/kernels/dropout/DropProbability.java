package vit.kernels.dropout;

import vit.kernels.contract.Require;

/** What a probability p of being dropped means in numbers. */
final class DropProbability {

    private static final double WORDS = 0x1p32;

    private DropProbability() {}

    static void check(double p) {
        Require.fraction("drop probability", p, 0, 1);
    }

    /** An element is dropped if its random word, unsigned, is below this: p · 2³², rounded. */
    static int threshold(double p) {
        return (int) Math.min(Math.round(p * WORDS), (long) WORDS - 1);
    }

    /** Whether an element with this random word is dropped. */
    static boolean drops(int word, int threshold) {
        return Integer.compareUnsigned(word, threshold) < 0;
    }

    /** 1 / (1 − p), the factor on what is kept, so that the expectation stays. */
    static double scale(double p) {
        return 1 / (1 - p);
    }
}
