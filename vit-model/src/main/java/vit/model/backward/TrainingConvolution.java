package vit.model.backward;

import vit.kernels.gemm.GemmWorkspace;
import vit.kernels.gemm.PackedMatrix;
import vit.kernels.parallel.Worker;
import vit.kernels.standardization.WeightStandardization;
import vit.kernels.tensor.Tensor;
import vit.model.forward.StandardizedWeights.Filters;

/**
 * A convolution over windows with standardised weights, and its gradients.
 *
 * @param filters the weights
 * @param layer   the linear layer of the standardised weights; its gradient is memory for one pass
 * @param dweight (out, window): the gradient of the weights
 */
record TrainingConvolution(Filters filters, TrainingLayer layer, PackedMatrix dweight) {

    int inputs() {
        return filters.weight().depth();
    }

    int outputs() {
        return filters.weight().outputs();
    }

    /** output = windows·Ŵᵀ; a barrier is at the end. */
    void forward(Tensor output, Tensor windows, int rows, GemmWorkspace gemm, Worker w) {
        layer.forward(output, windows, rows, gemm, w);
    }

    /** Adds to the gradient of the weights, and dwindows = dy·Ŵ; a barrier is at the end. {@code dwindows} may be null if it is not wanted. */
    void backward(Tensor dwindows, Tensor dy, Tensor windows, int rows, GemmWorkspace gemm, Worker w) {
        layer.backward(dwindows, dy, windows, rows, gemm, w);
        WeightStandardization.backward(dweight, layer.dweight(), filters.weight(), filters.mean(), filters.rstd(), w);
        w.barrier();
    }
}
