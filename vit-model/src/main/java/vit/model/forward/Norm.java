package vit.model.forward;

import vit.kernels.gemm.PackedRows;
import vit.kernels.layernorm.LayerNorm;
import vit.kernels.parallel.Worker;
import vit.kernels.tensor.Tensor;
import vit.model.config.VitConfig;

/**
 * A LayerNorm of the model, for inference: nothing is kept for a backward pass.
 *
 * @param weight (C)
 * @param bias   (C)
 */
record Norm(Tensor weight, Tensor bias, double eps) {

    /** The LayerNorm of this canonical name. */
    static Norm of(VitConfig config, VitWeights weights, String name) {
        return new Norm(weights.vector(name + ".weight"), weights.vector(name + ".bias"), config.layerNormEps());
    }

    /** to = LN(from) over {@code rows} rows; {@code to} may be {@code from}. */
    void forward(Tensor to, Tensor from, int rows, Worker w) {
        LayerNorm.forward(to, null, null, from, weight, bias, eps, rows, w);
    }

    /** The same, packed for the product that follows. */
    void forward(PackedRows to, Tensor from, int rows, Worker w) {
        LayerNorm.forward(to, from, weight, bias, eps, rows, w);
    }
}
