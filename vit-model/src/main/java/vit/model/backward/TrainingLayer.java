package vit.model.backward;

import vit.kernels.gemm.GemmWorkspace;
import vit.kernels.gemm.PackedMatrix;
import vit.kernels.linear.Linear;
import vit.kernels.parallel.Worker;
import vit.kernels.tensor.Tensor;

/**
 * A linear layer and its gradients.
 *
 * @param transposed memory for the transposed weight, which all layers share; null if the layer is frozen, and so are the gradients
 * @param dbias      null for a layer without bias
 * @param gradients  tells whether a pass adds to the gradients or overwrites them; null if every pass overwrites them
 */
record TrainingLayer(Linear forward, PackedMatrix transposed, PackedMatrix dweight, Tensor dbias, VitGradients gradients) {

    /** output = input·Wᵀ + b; a barrier is at the end. */
    void forward(Tensor output, Tensor input, int rows, GemmWorkspace gemm, Worker w) {
        forward.forward(output, input, rows, gemm, w);
        w.barrier();
    }

    /** dW += dyᵀ·input, db += Σ dy, both from 0 if the gradients are fresh, and dinput = dy·W, which may be null. A barrier is at the end. */
    void backward(Tensor dinput, Tensor dy, Tensor input, int rows, GemmWorkspace gemm, Worker w) {
        backward(gradients != null && !gradients.areFresh(), dinput, dy, input, rows, gemm, w);
    }

    /** As {@link #backward}, for a layer that a pass uses again: adds to what the pass has written before. */
    void backwardAgain(Tensor dinput, Tensor dy, Tensor input, int rows, GemmWorkspace gemm, Worker w) {
        backward(true, dinput, dy, input, rows, gemm, w);
    }

    private void backward(boolean add, Tensor dinput, Tensor dy, Tensor input, int rows, GemmWorkspace gemm, Worker w) {
        if (dinput == null) {
            Linear.backwardParameters(dweight, dbias, add, dy, input, rows, gemm, w);
        } else {
            forward.backward(dinput, dweight, dbias, add, dy, input, transposed, rows, gemm, w);
        }
        w.barrier();
    }
}
