package vit.model.forward;

import vit.kernels.gemm.PackedRows;
import vit.kernels.linear.Linear;
import vit.kernels.parallel.Worker;
import vit.kernels.tensor.Tensor;

/** fc₂(gelu(fc₁(x))). The first product applies the GELU to its tiles, the second adds to the residual stream. */
record GeluMlp(Linear fc1, Linear fc2, Tensor x, BlockMemory memory) implements MlpLayer {

    @Override
    public void forward(PackedRows normed, int rows, Worker w) {
        fc1.forward(memory.hidden, normed, rows, memory.gemm, w);
        w.barrier();
        fc2.forward(x, memory.hidden, rows, memory.gemm, w);
        w.barrier();
    }
}
