package vit.model.forward;

import vit.kernels.attention.Attention;
import vit.kernels.attention.RelativeBias;
import vit.kernels.gemm.PackedRows;
import vit.kernels.linear.Linear;
import vit.kernels.parallel.Worker;
import vit.kernels.tensor.Tensor;

/**
 * Multi-head self-attention with steps on queries and keys, relative positions, or a norm of the joined heads:
 *
 * <pre>
 *   [q | k | v] = W·x;  q, k = steps(q, k);  x += g₁·output(norm(softmax(q·kᵀ/√D + bias)·v))
 * </pre>
 *
 * @param steps what is done to queries and keys, in order
 * @param table (offsets, H): relative positions to gather, or null if there are none or an earlier block has gathered them
 * @param inner the norm of the joined heads, or null
 */
record PositionedAttention(Linear qkvLayer, QueryKeyStep[] steps, Tensor table, PositionTables tables, Norm inner, Linear output, Tensor x,
        BlockMemory memory) implements AttentionLayer {

    @Override
    public void forward(PackedRows normed, int batch, Worker w) {
        int rows = batch * memory.tokens;
        Tensor qkv = memory.positionedQkv;
        Tensor attended = memory.positionedAttended;
        qkvLayer.forward(qkv, normed, rows, memory.gemm, w);
        if (table != null) {
            RelativeBias.gather(tables.bias(), table, tables.index(), w);
        }
        w.barrier();
        for (QueryKeyStep step : steps) {
            step.apply(qkv, batch, w);
            w.barrier();
        }
        Attention.forward(attended, null, null, qkv, tables.bias(), batch, memory.tokens, memory.heads, memory.scale, memory.attention, w);
        w.barrier();
        if (inner != null) {
            inner.forward(attended, attended, rows, w);
            w.barrier();
        }
        output.forward(x, attended, rows, memory.gemm, w);
        w.barrier();
    }
}
