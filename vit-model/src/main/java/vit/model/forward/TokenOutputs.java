package vit.model.forward;

import vit.kernels.parallel.Worker;
import vit.kernels.tensor.Tensor;

/**
 * Arrays for the tokens that a pass gives out besides its result, and the part of the pass that fills them. Every worker copies rows of its own.
 *
 * @param blocks    by block: (B, T, C) for the tokens that it gives, or null
 * @param patches   (B, P, C) for the patch tokens of the last block, after the final norm; or null
 * @param finalNorm whether the tokens of {@code blocks} go through the final norm
 * @param head      whether the pass must run to its head
 */
public record TokenOutputs(float[][] blocks, float[] patches, boolean finalNorm, boolean head) {

    /** How many blocks the pass needs. */
    int depth() {
        int depth = blocks.length;
        while (!head && patches == null && blocks[depth - 1] == null) {
            depth--;
        }
        return depth;
    }

    /**
     * Copies the tokens of a block, if they are asked for. Needs no memory: the residual stream is saved in the array while it is normed in place, then the two
     * change places. The last barrier is inside.
     *
     * @param x    (rows, C): the residual stream, which is as before at the end
     * @param norm the final norm of the tokens, or null
     */
    void take(int block, Tensor x, int rows, Norm norm, Worker w) {
        float[] to = blocks[block];
        if (to == null) {
            return;
        }
        for (int row = w.from(rows), end = w.to(rows); row < end; row++) {
            Spans.readRow(x, row, to, row * x.columns());
        }
        w.barrier();
        if (finalNorm && norm != null) {
            norm.forward(x, x, rows, w);
            w.barrier();
            for (int row = w.from(rows), end = w.to(rows); row < end; row++) {
                Spans.swapRow(x, row, to, row * x.columns());
            }
            w.barrier();
        }
    }

    /**
     * Copies the tokens of a block in which some are merged, if they are asked for: every token of the beginning gets the row of what it has become. The last
     * barrier is inside.
     *
     * @param x    (rows, C): the residual stream after the block
     * @param norm the final norm of the tokens, or null
     */
    void takeMerged(int block, Tensor x, MergedTokens merged, int batch, Norm norm, Worker w) {
        float[] to = blocks[block];
        if (to == null) {
            return;
        }
        Tensor from = x;
        if (finalNorm && norm != null) {
            from = merged.spare(x);
            norm.forward(from, x, batch * merged.count(block + 1), w);
            w.barrier();
        }
        int tokens = merged.count(0);
        for (int row = w.from(batch * tokens), end = w.to(batch * tokens); row < end; row++) {
            Spans.readRow(from, merged.row(row / tokens, row % tokens, block + 1), to, row * x.columns());
        }
        w.barrier();
    }

    /**
     * Copies the patch tokens, if they are asked for, after the final norm, which is applied in place: it is the last that the pass does. The last barrier is
     * inside.
     *
     * @param x      (B·tokens, C): the residual stream; overwritten
     * @param tokens how many there are in an image
     * @param merged what they have become if some are merged, or null
     * @param norm   the final norm of the tokens, or null
     * @param prefix the number of tokens before the patches
     */
    void takePatches(Tensor x, int batch, int tokens, MergedTokens merged, int prefix, Norm norm, Worker w) {
        if (patches == null) {
            return;
        }
        if (norm != null) {
            norm.forward(x, x, batch * tokens, w);
            w.barrier();
        }
        int each = (merged == null ? tokens : merged.count(0)) - prefix;
        for (int row = w.from(batch * each), end = w.to(batch * each); row < end; row++) {
            int token = prefix + row % each;
            int from = merged == null ? row / each * tokens + token : merged.row(row / each, token, merged.blocks());
            Spans.readRow(x, from, patches, row * x.columns());
        }
        w.barrier();
    }
}
