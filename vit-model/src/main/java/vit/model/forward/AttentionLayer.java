package vit.model.forward;

import vit.kernels.gemm.PackedRows;
import vit.kernels.parallel.Worker;

/** The attention of a block, from normed tokens to the residual stream. */
interface AttentionLayer {

    /**
     * x += g₁·Attention(normed), where x is the residual stream to which the layer is bound. The last barrier is inside.
     *
     * @param normed (B·T, C), written with B·T rows in use
     */
    void forward(PackedRows normed, int batch, Worker w);
}
