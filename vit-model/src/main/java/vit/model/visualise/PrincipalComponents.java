package vit.model.visualise;

import java.util.Arrays;
import java.util.Random;

/**
 * The directions along which rows of a matrix vary most: the leading eigenvectors of XᵀX, by orthogonal iteration (Golub and Van Loan, section 8.2.4)
 * with a few more vectors than are wanted, which speeds up convergence. Rows are not centred: filters have no mean to lose.
 *
 * @param components (count, columns): orthonormal, that of the largest eigenvalue first; the largest element of each is positive
 * @param variances  the eigenvalues, descending
 * @param columns    length of a component
 */
public record PrincipalComponents(double[] components, double[] variances, int columns) {

    private static final int EXTRA = 8;
    private static final int MOST_ITERATIONS = 500;
    private static final double STEADY = 1e-10; // relative change of the eigenvalues

    /**
     * The first {@code count} components of a matrix, or fewer if it has fewer columns.
     *
     * @param x (rows, columns), row-major
     */
    public static PrincipalComponents of(float[] x, int rows, int columns, int count) {
        double[] gram = gram(x, rows, columns);
        int wanted = Math.min(count, columns);
        int working = Math.min(wanted + EXTRA, columns);
        double[] basis = new double[working * columns];
        Random random = new Random(1);
        Arrays.setAll(basis, _ -> random.nextGaussian());
        orthonormalise(basis, working, columns);
        double[] values = new double[working];
        for (int iteration = 0; iteration < MOST_ITERATIONS; iteration++) {
            double[] image = product(basis, gram, working, columns);
            double change = 0;
            double largest = 0;
            for (int i = 0; i < working; i++) {
                double value = dot(image, i * columns, basis, i * columns, columns);
                change = Math.max(change, i < wanted ? Math.abs(value - values[i]) : 0);
                largest = Math.max(largest, Math.abs(value));
                values[i] = value;
            }
            basis = image;
            orthonormalise(basis, working, columns);
            if (change <= STEADY * largest) {
                break;
            }
        }
        orient(basis, working, columns);
        return new PrincipalComponents(Arrays.copyOf(basis, wanted * columns), Arrays.copyOf(values, wanted), columns);
    }

    /** A copy of component {@code i}. */
    public double[] component(int i) {
        return Arrays.copyOfRange(components, i * columns, (i + 1) * columns);
    }

    /** XᵀX. */
    private static double[] gram(float[] x, int rows, int columns) {
        double[] gram = new double[columns * columns];
        for (int r = 0; r < rows; r++) {
            for (int i = 0; i < columns; i++) {
                double factor = x[r * columns + i];
                for (int j = 0; j < columns; j++) {
                    gram[i * columns + j] += factor * x[r * columns + j];
                }
            }
        }
        return gram;
    }

    /** Rows times a symmetric matrix. */
    private static double[] product(double[] rows, double[] symmetric, int count, int columns) {
        double[] product = new double[count * columns];
        for (int r = 0; r < count; r++) {
            for (int k = 0; k < columns; k++) {
                double factor = rows[r * columns + k];
                for (int j = 0; j < columns; j++) {
                    product[r * columns + j] += factor * symmetric[k * columns + j];
                }
            }
        }
        return product;
    }

    /** Modified Gram-Schmidt, twice; a row that depends on those before it becomes a unit vector orthogonal to them. */
    private static void orthonormalise(double[] rows, int count, int columns) {
        for (int r = 0; r < count; r++) {
            double before = Math.sqrt(dot(rows, r * columns, rows, r * columns, columns));
            project(rows, r, columns);
            double after = Math.sqrt(dot(rows, r * columns, rows, r * columns, columns));
            for (int axis = 0; !(after > 1e-12 * before) && axis < columns; axis++) {
                Arrays.fill(rows, r * columns, (r + 1) * columns, 0);
                rows[r * columns + axis] = before = 1;
                project(rows, r, columns);
                after = Math.sqrt(dot(rows, r * columns, rows, r * columns, columns));
                before = after > 0.5 / Math.sqrt(columns) ? before : Double.POSITIVE_INFINITY; // else the next axis
            }
            for (int i = 0; i < columns; i++) {
                rows[r * columns + i] /= after;
            }
        }
    }

    /** Subtracts from row {@code r} its projections on the rows before it. */
    private static void project(double[] rows, int r, int columns) {
        for (int pass = 0; pass < 2; pass++) {
            for (int q = 0; q < r; q++) {
                double along = dot(rows, r * columns, rows, q * columns, columns);
                for (int i = 0; i < columns; i++) {
                    rows[r * columns + i] -= along * rows[q * columns + i];
                }
            }
        }
    }

    private static void orient(double[] rows, int count, int columns) {
        for (int r = 0; r < count; r++) {
            int peak = r * columns;
            for (int i = peak; i < (r + 1) * columns; i++) {
                peak = Math.abs(rows[i]) > Math.abs(rows[peak]) ? i : peak;
            }
            if (rows[peak] < 0) {
                for (int i = r * columns; i < (r + 1) * columns; i++) {
                    rows[i] = -rows[i];
                }
            }
        }
    }

    private static double dot(double[] a, int i, double[] b, int j, int count) {
        double sum = 0;
        for (int k = 0; k < count; k++) {
            sum += a[i + k] * b[j + k];
        }
        return sum;
    }
}
