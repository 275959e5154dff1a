package vit.model.forward;

import vit.kernels.attention.Attention;
import vit.kernels.gemm.PackedRows;
import vit.kernels.linear.Linear;
import vit.kernels.parallel.Worker;
import vit.kernels.tensor.Tensor;

/** Multi-head self-attention without positions of its own (Dosovitskiy et al. 2020, equation 2). All that passes between the products stays packed. */
record PlainAttention(Linear qkvLayer, Linear output, Tensor x, BlockMemory memory) implements AttentionLayer {

    @Override
    public void forward(PackedRows normed, int batch, Worker w) {
        int rows = batch * memory.tokens;
        qkvLayer.forward(memory.qkv, normed, rows, memory.gemm, w);
        w.barrier();
        Attention.forward(memory.attended, memory.qkv, batch, memory.tokens, memory.heads, memory.scale, memory.attention, w);
        w.barrier();
        output.forward(x, memory.attended, rows, memory.gemm, w);
        w.barrier();
    }
}
