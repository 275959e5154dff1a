package vit.kernels.verify;

import static org.junit.jupiter.api.Assertions.assertDoesNotThrow;
import static org.junit.jupiter.api.Assertions.assertThrows;

import java.util.Random;
import java.util.function.Consumer;
import org.junit.jupiter.api.Test;

/**
 * Tests the test: faults planted in the gradients of y = A·x, L = Σ w·y² / 2, which has the gradient Aᵀ·(w·y), must be
 * rejected.
 */
class GradientCheckTest {

    private static final int ROWS = 5;
    private static final int COLUMNS = 3;

    private final Random random = new Random(3);
    private final double[] a = Gradients.random(random, ROWS * COLUMNS);
    private final double[] x = Gradients.random(random, COLUMNS);
    private final double[] w = Gradients.random(random, ROWS);

    private double[] product() {
        double[] y = new double[ROWS];
        for (int i = 0; i < ROWS; i++) {
            for (int j = 0; j < COLUMNS; j++) {
                y[i] += a[i * COLUMNS + j] * x[j];
            }
        }
        return y;
    }

    private double loss() {
        double sum = 0;
        double[] y = product();
        for (int i = 0; i < ROWS; i++) {
            sum += w[i] * y[i] * y[i] / 2;
        }
        return sum;
    }

    private double[] gradient() {
        double[] dx = new double[COLUMNS];
        double[] y = product();
        for (int i = 0; i < ROWS; i++) {
            for (int j = 0; j < COLUMNS; j++) {
                dx[j] += a[i * COLUMNS + j] * w[i] * y[i];
            }
        }
        return dx;
    }

    private void assertRejected(Consumer<double[]> fault) {
        double[] dx = gradient();
        fault.accept(dx);
        assertThrows(AssertionError.class, () -> new GradientCheck("planted").gradient("dx", x, dx, this::loss));
    }

    @Test
    void acceptsTheGradient() {
        assertDoesNotThrow(() -> new GradientCheck("planted").gradient("dx", x, gradient(), this::loss));
    }

    @Test
    void rejectsAWrongSign() {
        for (int j = 0; j < COLUMNS; j++) {
            int at = j;
            assertRejected(dx -> dx[at] = -dx[at]);
        }
    }

    @Test
    void rejectsAFactorCloseToOne() {
        assertRejected(dx -> dx[0] *= 1.0001);
    }

    @Test
    void rejectsAMissingLastElement() {
        assertRejected(dx -> dx[COLUMNS - 1] = 0);
    }

    @Test
    void rejectsSwappedElements() {
        assertRejected(dx -> {
            double first = dx[0];
            dx[0] = dx[1];
            dx[1] = first;
        });
    }

    @Test
    void rejectsNanAndInfinity() {
        assertRejected(dx -> dx[1] = Double.NaN);
        assertRejected(dx -> dx[1] = Double.POSITIVE_INFINITY);
    }

    @Test
    void rejectsALossThatIsNan() {
        assertThrows(AssertionError.class,
                () -> new GradientCheck("planted").gradient("dx", x, gradient(), () -> Double.NaN));
    }

    @Test
    void rejectsGradientsOfAnotherLength() {
        assertThrows(AssertionError.class,
                () -> new GradientCheck("planted").gradient("dx", x, new double[COLUMNS - 1], this::loss));
    }

    @Test
    void rejectsALossThatDiffersFromCallToCall() {
        double[] drift = new double[1];
        assertThrows(AssertionError.class, () -> new GradientCheck("planted").gradient(
                "dx", x, gradient(), () -> loss() + (drift[0] += 1e-15)));
    }

    @Test
    void rejectsABackwardPassThatDiffersFromCallToCall() {
        double[] dx = new double[COLUMNS];
        double[] drift = new double[1];
        assertThrows(AssertionError.class, () -> new GradientCheck("planted").backward(() -> {
            System.arraycopy(gradient(), 0, dx, 0, COLUMNS);
            dx[0] += drift[0] += 1e-15;
        }, dx));
    }

    @Test
    void acceptsABackwardPassThatAccumulates() {
        double[] dx = {1, 2, 3};
        assertDoesNotThrow(() -> new GradientCheck("planted").backward(() -> dx[0] += 0.1, dx));
    }

    @Test
    void rejectsTooFewDifferentShapes() {
        GradientCheck check = new GradientCheck("planted");
        for (int shape = 0; shape < 40; shape++) {
            check.passed(shape % 19);
        }
        assertThrows(AssertionError.class, check::print);
        check.passed(19);
        assertDoesNotThrow(check::print);
    }
}
