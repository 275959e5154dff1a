package vit.model.forward;

import vit.kernels.gemm.PackedRows;
import vit.kernels.linear.Linear;
import vit.kernels.parallel.Worker;
import vit.kernels.tensor.Tensor;

/** fc₂(norm(gelu(fc₁(x)))): EVA-02's sub-LN in an MLP that is not gated. */
record NormedMlp(Linear fc1, Norm norm, Linear fc2, Tensor x, BlockMemory memory) implements MlpLayer {

    @Override
    public void forward(PackedRows normed, int rows, Worker w) {
        fc1.forward(memory.expanded, normed, rows, memory.gemm, w);
        w.barrier();
        norm.forward(memory.hidden, memory.expanded, rows, w);
        w.barrier();
        fc2.forward(x, memory.hidden, rows, memory.gemm, w);
        w.barrier();
    }
}
