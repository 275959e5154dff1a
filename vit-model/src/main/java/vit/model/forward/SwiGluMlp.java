package vit.model.forward;

import vit.kernels.gemm.PackedRows;
import vit.kernels.linear.Linear;
import vit.kernels.parallel.Worker;
import vit.kernels.swiglu.SwiGlu;
import vit.kernels.tensor.Tensor;

/**
 * fc₂(norm(silu(a)·b)) with [a | b] = fc₁(x) (Shazeer 2020); the norm is EVA-02's sub-LN, and most models have none.
 *
 * @param norm null for none
 */
record SwiGluMlp(Linear fc1, Norm norm, Linear fc2, Tensor x, BlockMemory memory) implements MlpLayer {

    @Override
    public void forward(PackedRows normed, int rows, Worker w) {
        fc1.forward(memory.expanded, normed, rows, memory.gemm, w);
        w.barrier();
        if (norm == null) {
            SwiGlu.forward(memory.hidden, memory.expanded, rows, w);
        } else {
            SwiGlu.forward(memory.gated, memory.expanded, rows, w);
            w.barrier();
            norm.forward(memory.hidden, memory.gated, rows, w);
        }
        w.barrier();
        fc2.forward(x, memory.hidden, rows, memory.gemm, w);
        w.barrier();
    }
}
