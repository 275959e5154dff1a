package vit.kernels.gemm;

/**
 * By how much the elements of matrices differ from the values that they were packed from. The sums are of all elements, in double, and do not depend on the
 * vector width.
 *
 * @param largest         the largest absolute difference of an element
 * @param squaredErrors   the sum of the squares of the differences
 * @param squaredElements the sum of the squares of the values
 */
public record RoundingError(double largest, double squaredErrors, double squaredElements) {

    /** Of nothing. */
    public static final RoundingError NONE = new RoundingError(0, 0, 0);

    /**
     * The error of a matrix that was packed from {@code weight[0 … N·K)}; none if its elements have 32 bits.
     *
     * @throws IllegalArgumentException if the array is shorter
     */
    public static RoundingError of(PackedMatrix matrix, float[] weight) {
        Storage storage = matrix.storage();
        int depth = matrix.depth();
        if (weight.length < (long) matrix.outputs() * depth) {
            throw new IllegalArgumentException("a matrix of " + matrix.outputs() + " by " + depth + " from " + weight.length + " elements");
        }
        RoundingError error = NONE;
        float[] kept = new float[depth];
        for (int n = 0; storage.isNarrow() && n < matrix.outputs(); n++) {
            if (storage == Storage.INT8) {
                Quantization.values(kept, weight, n * depth, depth, matrix.scale(n));
            } else {
                round(kept, weight, n * depth, storage);
            }
            error = error.plus(of(kept, weight, n * depth));
        }
        return error;
    }

    private static void round(float[] kept, float[] weight, int from, Storage storage) {
        for (int k = 0; k < kept.length; k++) {
            kept[k] = storage.rounded(weight[from + k]);
        }
    }

    private static RoundingError of(float[] kept, float[] weight, int from) {
        double largest = 0;
        double errors = 0;
        double squares = 0;
        for (int k = 0; k < kept.length; k++) {
            double element = weight[from + k];
            double error = kept[k] - element;
            largest = Math.max(largest, Math.abs(error));
            errors += error * error;
            squares += element * element;
        }
        return new RoundingError(largest, errors, squares);
    }

    /** The error of these elements and of others together. */
    public RoundingError plus(RoundingError other) {
        return new RoundingError(Math.max(largest, other.largest), squaredErrors + other.squaredErrors, squaredElements + other.squaredElements);
    }

    /** The root mean square of the differences as a share of that of the values; 0 if nothing differs. */
    public double relative() {
        return squaredErrors == 0 ? 0 : Math.sqrt(squaredErrors / squaredElements);
    }
}
