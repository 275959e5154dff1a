package vit.model.visualise;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.Random;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;
import org.junit.jupiter.api.Test;

/** Principal components against their definition: orthonormal eigenvectors, in descending order of their eigenvalues. */
class PrincipalComponentsTest {

    private static float[] matrix(int rows, int columns, Random random) {
        float[] matrix = new float[rows * columns];
        for (int r = 0; r < rows; r++) {
            for (int c = 0; c < columns; c++) {
                matrix[r * columns + c] = (float) (random.nextGaussian() / (1 + c)); // directions of different strength
            }
        }
        return matrix;
    }

    @Property(tries = 200)
    void componentsAreOrthonormalEigenvectorsInDescendingOrder(@ForAll @IntRange(min = 1, max = 20) int rows,
            @ForAll @IntRange(min = 1, max = 15) int columns, @ForAll @IntRange(min = 1, max = 18) int count, @ForAll long seed) {
        float[] x = matrix(rows, columns, new Random(seed));
        PrincipalComponents found = PrincipalComponents.of(x, rows, columns, count);
        int expected = Math.min(count, columns);
        assertEquals(expected, found.variances().length);
        double scale = found.variances()[0];
        for (int i = 0; i < expected; i++) {
            double[] v = found.component(i);
            for (int j = 0; j <= i; j++) {
                assertEquals(i == j ? 1 : 0, dot(v, found.component(j)), 1e-9);
            }
            assertTrue(i == 0 || found.variances()[i] <= found.variances()[i - 1] + 1e-6 * scale);
            assertEquals(variance(x, rows, columns, v), found.variances()[i], 1e-6 * scale);
        }
    }

    @Property(tries = 50)
    void noDirectionVariesMoreThanTheFirst(@ForAll long seed) {
        Random random = new Random(seed);
        float[] x = matrix(30, 12, random);
        double first = PrincipalComponents.of(x, 30, 12, 1).variances()[0];
        for (int i = 0; i < 50; i++) {
            double[] direction = random.doubles(12, -1, 1).toArray();
            double length = Math.sqrt(dot(direction, direction));
            for (int c = 0; c < 12; c++) {
                direction[c] /= length;
            }
            assertTrue(variance(x, 30, 12, direction) <= first * (1 + 1e-9));
        }
    }

    @Test
    void matrixOfRankOneHasOneDirection() {
        float[] x = {3, 0, -4, 6, 0, -8};
        PrincipalComponents found = PrincipalComponents.of(x, 2, 3, 3);
        double[] first = found.component(0);
        assertEquals(-0.6, first[0], 1e-12);
        assertEquals(0, first[1], 1e-12);
        assertEquals(0.8, first[2], 1e-12, "the largest element is positive");
        assertEquals(125, found.variances()[0], 1e-9);
        assertEquals(0, found.variances()[1], 1e-9);
    }

    /** The variance along v: |X·v|². */
    private static double variance(float[] x, int rows, int columns, double[] v) {
        double sum = 0;
        for (int r = 0; r < rows; r++) {
            double along = 0;
            for (int c = 0; c < columns; c++) {
                along += x[r * columns + c] * v[c];
            }
            sum += along * along;
        }
        return sum;
    }

    private static double dot(double[] a, double[] b) {
        double sum = 0;
        for (int i = 0; i < a.length; i++) {
            sum += a[i] * b[i];
        }
        return sum;
    }
}
