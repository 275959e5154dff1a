package vit.model.backward;

import vit.kernels.layernorm.LayerNorm;
import vit.kernels.parallel.Worker;
import vit.kernels.rmsnorm.RmsNorm;
import vit.kernels.tensor.Tensor;

/**
 * A norm with its gradients.
 *
 * @param weight  (C)
 * @param bias    (C); null for an RMSNorm, which has none
 * @param dweight (C)
 * @param dbias   (C), or null
 */
record TrainingNorm(Tensor weight, Tensor bias, Tensor dweight, Tensor dbias, double eps) {

    /**
     * y = norm(x) over {@code rows} rows. The result is complete at the next barrier.
     *
     * @param mean (rows), for the backward pass; null if none follows. An RMSNorm does not write it
     * @param rstd (rows), for the backward pass; null if none follows
     */
    void forward(Tensor y, Tensor mean, Tensor rstd, Tensor x, int rows, Worker w) {
        if (bias == null) {
            RmsNorm.forward(y, rstd, x, weight, eps, rows, w);
        } else {
            LayerNorm.forward(y, mean, rstd, x, weight, bias, eps, rows, w);
        }
    }

    /** dx from dy, and adds to the gradients of weight and bias. A barrier is at the end. */
    void backward(Tensor dx, Tensor dy, Tensor x, Tensor mean, Tensor rstd, int rows, Worker w) {
        if (bias == null) {
            RmsNorm.backward(dx, dweight, dy, x, rstd, weight, rows, w);
        } else {
            LayerNorm.backward(dx, dweight, dbias, dy, x, mean, rstd, weight, rows, w);
        }
        w.barrier();
    }
}
