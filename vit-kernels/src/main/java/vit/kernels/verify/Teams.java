package vit.kernels.verify;

import java.util.function.Function;
import vit.kernels.parallel.Workers;

/** Teams of 1 to 8 workers that all tests share, and the check that a result does not depend on which of them computed it. */
public final class Teams {

    /** The largest team, in workers. */
    public static final int LARGEST = 8;

    private static final Workers[] TEAMS = new Workers[LARGEST + 1];

    static {
        for (int count = 1; count <= LARGEST; count++) {
            TEAMS[count] = Workers.of(count, 0); // parks at once, because eight spinning threads starve a small machine
        }
    }

    private Teams() {}

    /** Runs {@code task} on the team of {@code threads} workers, 1 to {@link #LARGEST}. A team runs one task at a time. */
    public static void run(int threads, Workers.Task task) {
        TEAMS[threads].run(task);
    }

    /** Calls {@code result} with each number of threads; all results must have the same bits. Returns the first. */
    public static float[] sameBitsAtAnyThreadCount(Function<Integer, float[]> result) {
        float[] first = result.apply(1);
        for (int threads = 2; threads <= LARGEST; threads++) {
            assertSameBits(first, result.apply(threads), threads + " threads against 1");
        }
        return first;
    }

    /** Checks equality of every bit. All NaNs are equal, because IEEE 754 leaves the choice of their payload open. */
    public static void assertSameBits(float[] expected, float[] actual, String what) {
        if (expected.length != actual.length) {
            throw new AssertionError(what + ": expected " + expected.length + " elements, found " + actual.length);
        }
        for (int i = 0; i < expected.length; i++) {
            if (Float.floatToIntBits(expected[i]) != Float.floatToIntBits(actual[i])) {
                throw new AssertionError(what + ": element " + i + " expected " + expected[i] + ", found " + actual[i]);
            }
        }
    }

    /** The same, with the expected values rounded to float. */
    public static void assertSameBits(double[] expected, float[] actual, String what) {
        float[] rounded = new float[expected.length];
        for (int i = 0; i < rounded.length; i++) {
            rounded[i] = (float) expected[i];
        }
        assertSameBits(rounded, actual, what);
    }
}
