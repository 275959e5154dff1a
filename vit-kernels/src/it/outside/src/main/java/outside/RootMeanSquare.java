package outside;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.VectorSpecies;

/** y = x · r with r = 1 / √(mean of x² in the row + ε), on off-heap segments. */
final class RootMeanSquare {

    static final double EPSILON = 1e-5;

    private static final VectorSpecies<Float> SPECIES = FloatVector.SPECIES_PREFERRED;
    private static final ValueLayout.OfFloat FLOAT = ValueLayout.JAVA_FLOAT_UNALIGNED;

    private RootMeanSquare() {}

    /** The factor r of a row that begins at element {@code start}. */
    private static float factor(MemorySegment x, long start, int columns) {
        float sum = 0;
        for (int column = 0; column < columns; column++) {
            float value = x.getAtIndex(FLOAT, start + column);
            sum = Math.fma(value, value, sum);
        }
        return (float) (1 / Math.sqrt((double) sum / columns + EPSILON));
    }

    /** y (rows, columns) of x (rows, columns), both dense. */
    static void forward(MemorySegment y, MemorySegment x, int rows, int columns) {
        for (int row = 0; row < rows; row++) {
            long start = (long) row * columns;
            float factor = factor(x, start, columns);
            int column = 0;
            for (; column <= columns - SPECIES.length(); column += SPECIES.length()) {
                long at = (start + column) * Float.BYTES;
                FloatVector.fromMemorySegment(SPECIES, x, at, ByteOrder.nativeOrder()).mul(factor).intoMemorySegment(y, at, ByteOrder.nativeOrder());
            }
            for (; column < columns; column++) {
                y.setAtIndex(FLOAT, start + column, x.getAtIndex(FLOAT, start + column) * factor);
            }
        }
    }

    /** dx = r · dy − x · r³ / columns · Σ dy · x. */
    static void backward(MemorySegment dx, MemorySegment dy, MemorySegment x, int rows, int columns) {
        for (int row = 0; row < rows; row++) {
            long start = (long) row * columns;
            float factor = factor(x, start, columns);
            double dot = 0;
            for (int column = 0; column < columns; column++) {
                dot += (double) dy.getAtIndex(FLOAT, start + column) * x.getAtIndex(FLOAT, start + column);
            }
            float share = (float) (dot * factor * factor * factor / columns);
            for (int column = 0; column < columns; column++) {
                float own = factor * dy.getAtIndex(FLOAT, start + column);
                dx.setAtIndex(FLOAT, start + column, Math.fma(-share, x.getAtIndex(FLOAT, start + column), own));
            }
        }
    }
}
