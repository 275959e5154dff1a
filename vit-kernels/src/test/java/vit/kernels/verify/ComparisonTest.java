package vit.kernels.verify;

import static org.junit.jupiter.api.Assertions.assertDoesNotThrow;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import java.util.Random;
import java.util.function.Consumer;
import org.junit.jupiter.api.Test;

/** Tests the test: a comparison that accepts a planted fault would also accept the fault of a kernel. */
class ComparisonTest {

    private static final int ROWS = 5;
    private static final int COLUMNS = 7;
    private static final double BOUND = 1e-6;

    /** Signed values in double, for which a perfect kernel would give the nearest floats. */
    private static double[] truth() {
        Random random = new Random(1);
        return random.doubles(ROWS * COLUMNS, -2, 2).toArray();
    }

    private static float[] rounded(double[] truth) {
        float[] values = new float[truth.length];
        for (int i = 0; i < values.length; i++) {
            values[i] = (float) truth[i];
        }
        return values;
    }

    private static void compare(double[] truth, float[] values) {
        new Comparison("planted").addAll(truth, values, i -> BOUND);
    }

    private static void assertRejected(Consumer<float[]> fault) {
        float[] values = rounded(truth());
        fault.accept(values);
        assertThrows(AssertionError.class, () -> compare(truth(), values));
    }

    @Test
    void acceptsRoundedTruth() {
        compare(truth(), rounded(truth()));
    }

    @Test
    void rejectsOneWrongSign() {
        for (int i = 0; i < ROWS * COLUMNS; i++) {
            int at = i;
            assertRejected(values -> values[at] = -values[at]);
        }
    }

    @Test
    void rejectsAWrongLastLane() {
        assertRejected(values -> values[ROWS * COLUMNS - 1] += 2e-6f);
        assertRejected(values -> values[ROWS * COLUMNS - 1] = 0);
    }

    @Test
    void rejectsSwappedDimensions() {
        double[] truth = truth();
        float[] transposed = new float[truth.length];
        for (int i = 0; i < truth.length; i++) {
            transposed[i % COLUMNS * ROWS + i / COLUMNS] = (float) truth[i];
        }
        assertThrows(AssertionError.class, () -> compare(truth, transposed));
    }

    @Test
    void rejectsAnErrorBetweenTwoNegativeValues() {
        Comparison comparison = new Comparison("planted");
        assertThrows(AssertionError.class, () -> comparison.add(0, -1, -1.00001f, BOUND));
        assertThrows(AssertionError.class, () -> comparison.add(0, -1, -0.99999f, BOUND));
        assertThrows(AssertionError.class, () -> comparison.add(0, -1, -1e30f, BOUND));
    }

    @Test
    void rejectsNanAndInfinityWhereTheTruthIsFinite() {
        assertRejected(values -> values[3] = Float.NaN);
        assertRejected(values -> values[3] = Float.POSITIVE_INFINITY);
        assertRejected(values -> values[3] = Float.NEGATIVE_INFINITY);
    }

    @Test
    void rejectsAnythingElseWhereTheTruthIsNotFinite() {
        Comparison comparison = new Comparison("planted");
        double[] truths = {Double.NaN, Double.POSITIVE_INFINITY, Double.NEGATIVE_INFINITY};
        float[] values = {Float.NaN, Float.POSITIVE_INFINITY, Float.NEGATIVE_INFINITY, 0, Float.MAX_VALUE};
        for (int i = 0; i < truths.length; i++) {
            for (int j = 0; j < values.length; j++) {
                double truth = truths[i];
                float value = values[j];
                if (i == j) {
                    comparison.add(0, truth, value, BOUND);
                } else {
                    assertThrows(AssertionError.class, () -> comparison.add(0, truth, value, BOUND));
                }
            }
        }
    }

    @Test
    void rejectsBoundsThatAcceptAnything() {
        Comparison comparison = new Comparison("planted");
        assertThrows(IllegalArgumentException.class, () -> comparison.add(0, 1, 1, Double.NaN));
        assertThrows(IllegalArgumentException.class, () -> comparison.add(0, 1, 1, Double.POSITIVE_INFINITY));
        assertThrows(IllegalArgumentException.class, () -> comparison.add(0, 1, 1, -1));
    }

    @Test
    void rejectsResultsOfAnotherLength() {
        assertThrows(AssertionError.class, () -> compare(truth(), new float[ROWS * COLUMNS - 1]));
    }

    @Test
    void rejectsHavingComparedNothing() {
        assertThrows(AssertionError.class, () -> new Comparison("planted").print());
    }

    @Test
    void rejectsBoundsThatNoErrorComesNear() {
        Comparison comparison = new Comparison("planted");
        comparison.add(0, 1, Math.nextUp(1f), 1e-3);
        assertThrows(AssertionError.class, comparison::print);
        comparison.add(1, 1, Math.nextUp(1f), 1e-6);
        assertDoesNotThrow(comparison::print);
    }

    @Test
    void remembersTheWorstShare() {
        Comparison comparison = new Comparison("planted");
        comparison.add(0, 1, 1, BOUND);
        comparison.add(1, -1, -1 - Math.ulp(1f), 4 * Math.ulp(1.0f));
        comparison.add(2, 0, -0f, 0);
        assertEquals(0.25, comparison.worstShare());
    }
}
