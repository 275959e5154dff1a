package outside;

import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.VectorSpecies;

/** y = x · w, where each column has a weight of its own, on arrays. */
final class ChannelScale {

    private static final VectorSpecies<Float> SPECIES = FloatVector.SPECIES_PREFERRED;

    private ChannelScale() {}

    /** y (rows, columns) = x (rows, columns) · w (columns). */
    static void forward(float[] y, float[] x, float[] w, int rows, int columns) {
        for (int row = 0; row < rows; row++) {
            int start = row * columns;
            int column = 0;
            for (; column <= columns - SPECIES.length(); column += SPECIES.length()) {
                FloatVector.fromArray(SPECIES, x, start + column).mul(FloatVector.fromArray(SPECIES, w, column)).intoArray(y, start + column);
            }
            for (; column < columns; column++) {
                y[start + column] = x[start + column] * w[column];
            }
        }
    }

    /** dx = dy · w; dw += Σ over rows of dy · x. */
    static void backward(float[] dx, float[] dw, float[] dy, float[] x, float[] w, int rows, int columns) {
        forward(dx, dy, w, rows, columns);
        for (int i = 0; i < rows * columns; i++) {
            dw[i % columns] = Math.fma(dy[i], x[i], dw[i % columns]);
        }
    }
}
