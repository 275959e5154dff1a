package vit.kernels.optim;

import vit.kernels.tensor.Tensor;

/** The mathematics of {@link GradientNorm}: one chain over a chunk. */
final class GradientNormReference {

    private GradientNormReference() {}

    static double sumOfSquares(Tensor tensor, int from, int to) {
        double sum = 0;
        for (int i = from; i < to; i++) {
            double g = tensor.segment().getAtIndex(Tensor.FLOAT, i);
            sum += g * g;
        }
        return sum;
    }
}
