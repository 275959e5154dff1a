package vit.model.backward;

import vit.kernels.attention.Attention;
import vit.kernels.attention.RelativeBias;
import vit.kernels.headnorm.HeadNorm;
import vit.kernels.parallel.Worker;
import vit.kernels.tensor.Tensor;
import vit.model.config.VitConfig;
import vit.model.forward.PositionTables;
import vit.model.forward.QueryKeyStep.Rotate;
import vit.model.parameters.Parameters;

/**
 * Attention between the two projections of a block, forward and backward:
 *
 * <pre>
 *   q, k = rotate(norm(q), norm(k));  attended = softmax(q·kᵀ/√D + bias)·v
 * </pre>
 *
 * Norms, rotation and bias are optional. The bias is that of relative positions, or the logarithms of the sizes of merged tokens. The twins for inference are {@code
 * PositionedAttention} and {@code MergingAttention} of {@code vit.model.forward}.
 */
final class TrainingAttention {

    private final int tokens; // T
    private final Tensor logSizes; // (B, T) or null
    private final int heads; // H
    private final float scale; // 1/√D
    private final TrainingMemory memory;
    private final TrainingNorm queryNorm; // or null
    private final TrainingNorm keyNorm; // or null
    private final Rotate rotate; // or null
    private final Tensor table; // (offsets, H) or null
    private final Tensor dtable;
    private final PositionTables tables;
    private final boolean gathersBias;

    TrainingAttention(VitConfig config, TrainingParameters p, int i, TrainingTokens passTokens, TrainingMemory memory, PositionTables tables) {
        this.tokens = passTokens.count(i);
        this.logSizes = passTokens.logSizes(i);
        this.heads = config.heads();
        this.scale = (float) (1 / Math.sqrt(config.headDim()));
        this.memory = memory;
        this.tables = tables;
        boolean norms = config.block().attention().queryKeyNorm();
        queryNorm = norms ? p.norm(Parameters.block(i, Parameters.QUERY_NORM)) : null;
        keyNorm = norms ? p.norm(Parameters.block(i, Parameters.KEY_NORM)) : null;
        rotate = tables.cos() == null ? null : Rotate.of(config, tables);
        String name = switch (config.block().attention().relative()) {
            case NONE -> "";
            case BY_BLOCK -> Parameters.block(i, Parameters.RELATIVE_POSITIONS);
            case SHARED -> Parameters.SHARED_RELATIVE_POSITIONS;
        };
        table = p.weights().vector(name);
        dtable = p.gradients().vector(name);
        gathersBias = PositionTables.gathersBias(config, i);
    }

    /**
     * Computes {@code attended} and {@code logSumExp} from {@code qkv}. A rotation without a norm is done in place, so that {@code qkv} then holds rotated
     * queries and keys. A barrier is at the end.
     */
    void forward(Tensor attended, Tensor logSumExp, Tensor qkv, int batch, Worker w) {
        Tensor prepared = normed(qkv, batch, w);
        if (rotate != null) {
            rotate.apply(prepared, batch, w);
            w.barrier();
        }
        Attention.forward(attended, logSumExp, null, prepared, bias(w), logSizes, batch, tokens, heads, scale, memory.attention, w);
        w.barrier();
    }

    /** dqkv from dattended, and adds to the gradients of norms and bias. A barrier is at the end. */
    void backward(Tensor dqkv, Tensor dattended, Tensor attended, Tensor logSumExp, Tensor qkv, int batch, Worker w) {
        Tensor prepared = normed(qkv, batch, w);
        if (rotate != null && prepared != qkv) {
            rotate.apply(prepared, batch, w);
            w.barrier();
        }
        Tensor bias = bias(w);
        if (bias != null) {
            clear(memory.dbias, w);
            w.barrier();
        }
        Attention.backward(dqkv, memory.dbias, dattended, attended, logSumExp, prepared, bias, logSizes, batch, tokens, heads, scale, memory.attentionGradient, w);
        w.barrier();
        if (dtable != null) { // null if a table that blocks share is frozen
            RelativeBias.scatter(dtable, memory.dbias, tables.index(), w);
            w.barrier();
        }
        if (rotate != null) {
            rotate.applyBackward(dqkv, batch, w);
            w.barrier();
        }
        if (queryNorm != null) {
            HeadNorm.backward(dqkv, queryNorm.dweight(), queryNorm.dbias(), keyNorm.dweight(), keyNorm.dbias(), dqkv, qkv, queryNorm.weight(),
                    keyNorm.weight(), queryNorm.eps(), heads, batch * tokens, w);
            w.barrier();
        }
    }

    /** The projected tokens, or a copy with normed queries and keys. */
    private Tensor normed(Tensor qkv, int batch, Worker w) {
        if (queryNorm == null) {
            return qkv;
        }
        HeadNorm.forward(memory.prepared, qkv, queryNorm.weight(), queryNorm.bias(), keyNorm.weight(), keyNorm.bias(), queryNorm.eps(), heads,
                batch * tokens, w);
        w.barrier();
        return memory.prepared;
    }

    /**
     * The bias of every head, query and key; null without relative positions. A shared table is gathered in the forward pass of the first block, and stays as
     * it is until the end of the backward pass.
     */
    private Tensor bias(Worker w) {
        if (gathersBias) {
            RelativeBias.gather(tables.bias(), table, tables.index(), w);
            w.barrier();
        }
        return tables.bias();
    }

    private static void clear(Tensor tensor, Worker w) {
        for (int row = w.from(tensor.rows()), end = w.to(tensor.rows()); row < end; row++) {
            tensor.rows(row, row + 1).fill(0);
        }
    }
}
