package vit.kernels.optim;

import vit.kernels.tensor.Tensor;

/** The mathematics of {@link GradientNorm}: one chain for every column. */
final class GradientNormReference {

    private GradientNormReference() {}

    /** sums[firstSum + j] = the sum of the squares of floats from + j, from + j + columns, … below {@code to}. */
    static void sumsOfSquares(double[] sums, int firstSum, Tensor tensor, int from, int to, int columns) {
        for (int j = 0; j < columns; j++) {
            double sum = 0;
            for (int i = from + j; i < to; i += columns) {
                double g = tensor.segment().getAtIndex(Tensor.FLOAT, i);
                sum += g * g;
            }
            sums[firstSum + j] = sum;
        }
    }
}
