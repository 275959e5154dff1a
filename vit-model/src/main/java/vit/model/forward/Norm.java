package vit.model.forward;

import vit.kernels.gemm.PackedRows;
import vit.kernels.layernorm.LayerNorm;
import vit.kernels.parallel.Worker;
import vit.kernels.rmsnorm.RmsNorm;
import vit.kernels.tensor.Tensor;
import vit.model.config.NormKind;
import vit.model.config.VitConfig;

/** A norm of the model, for inference: nothing is kept for a backward pass. */
sealed interface Norm {

    /** to = norm(from) over {@code rows} rows; {@code to} may be {@code from}. */
    void forward(Tensor to, Tensor from, int rows, Worker w);

    /** The same, packed for the product that follows. */
    void forward(PackedRows to, Tensor from, int rows, Worker w);

    /** The norm of this canonical name, of the kind that the model has. */
    static Norm of(VitConfig config, VitWeights weights, String name) {
        return config.block().norm() == NormKind.RMS ? new Rms(weights.vector(name + ".weight"), config.layerNormEps()) : layer(config, weights, name);
    }

    /** The LayerNorm of this canonical name. */
    static Norm layer(VitConfig config, VitWeights weights, String name) {
        return new Layer(weights.vector(name + ".weight"), weights.vector(name + ".bias"), config.layerNormEps());
    }

    /**
     * A LayerNorm.
     *
     * @param weight (C)
     * @param bias   (C)
     */
    record Layer(Tensor weight, Tensor bias, double eps) implements Norm {
        @Override
        public void forward(Tensor to, Tensor from, int rows, Worker w) {
            LayerNorm.forward(to, null, null, from, weight, bias, eps, rows, w);
        }

        @Override
        public void forward(PackedRows to, Tensor from, int rows, Worker w) {
            LayerNorm.forward(to, from, weight, bias, eps, rows, w);
        }
    }

    /**
     * An RMSNorm.
     *
     * @param weight (C)
     */
    record Rms(Tensor weight, double eps) implements Norm {
        @Override
        public void forward(Tensor to, Tensor from, int rows, Worker w) {
            RmsNorm.forward(to, null, from, weight, eps, rows, w);
        }

        @Override
        public void forward(PackedRows to, Tensor from, int rows, Worker w) {
            RmsNorm.forward(to, from, weight, eps, rows, w);
        }
    }
}
