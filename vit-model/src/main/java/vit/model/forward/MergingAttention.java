package vit.model.forward;

import vit.kernels.attention.Attention;
import vit.kernels.gemm.PackedRows;
import vit.kernels.linear.Linear;
import vit.kernels.parallel.Worker;
import vit.kernels.tensor.Tensor;

/**
 * {@link PlainAttention} over merged tokens (Bolya et al. 2023): the logarithm of a key's size is added to its scores, and which tokens are merged next is found
 * from the keys beside the output layer.
 *
 * @param tokens   T of this block
 * @param logSizes (B, T), or null before the first merge
 * @param step     the merge of this block, or null
 */
record MergingAttention(Linear qkvLayer, Linear output, int tokens, Tensor logSizes, MergedTokens.Step step, Tensor x, BlockMemory memory)
        implements AttentionLayer {

    @Override
    public void forward(PackedRows normed, int batch, Worker w) {
        int rows = batch * tokens;
        qkvLayer.forward(memory.qkv, normed, rows, memory.gemm, w);
        w.barrier();
        Attention.forward(memory.attended, memory.qkv, logSizes, batch, tokens, memory.heads, memory.scale, memory.attention, w);
        w.barrier();
        if (step != null) {
            step.match(memory.qkv, batch, w);
        }
        output.forward(x, memory.attended, rows, memory.gemm, w);
        w.barrier();
    }
}
