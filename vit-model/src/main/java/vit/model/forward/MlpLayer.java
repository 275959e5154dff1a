package vit.model.forward;

import vit.kernels.gemm.PackedRows;
import vit.kernels.parallel.Worker;

/** The MLP of a block, from normed tokens to the residual stream. */
interface MlpLayer {

    /**
     * x += g₂·MLP(normed), where x is the residual stream to which the layer is bound. The last barrier is inside.
     *
     * @param normed (rows, C), written with {@code rows} rows in use
     */
    void forward(PackedRows normed, int rows, Worker w);
}
