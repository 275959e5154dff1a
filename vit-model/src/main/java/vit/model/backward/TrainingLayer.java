package vit.model.backward;

import vit.kernels.gemm.GemmWorkspace;
import vit.kernels.gemm.PackedMatrix;
import vit.kernels.linear.Linear;
import vit.kernels.parallel.Worker;
import vit.kernels.tensor.Tensor;

/** A linear layer with its transposed weight and its gradients; {@code dbias} is null for a layer without bias. */
record TrainingLayer(Linear forward, PackedMatrix transposed, PackedMatrix dweight, Tensor dbias) {

    /** output = input·Wᵀ + b; a barrier is at the end. */
    void forward(Tensor output, Tensor input, int rows, GemmWorkspace gemm, Worker w) {
        forward.forward(output, input, rows, gemm, w);
        w.barrier();
    }

    /** dW += dyᵀ·input, db += Σ dy, dinput = dy·W; a barrier is at the end. {@code dinput} may be null if it is not wanted. */
    void backward(Tensor dinput, Tensor dy, Tensor input, int rows, GemmWorkspace gemm, Worker w) {
        Linear.backwardParameters(dweight, dbias, dy, input, rows, gemm, w);
        w.barrier();
        if (dinput != null) {
            Linear.backwardInput(dinput, dy, transposed, rows, gemm, w);
            w.barrier();
        }
    }
}
