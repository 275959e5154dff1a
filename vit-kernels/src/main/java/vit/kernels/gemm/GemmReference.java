package vit.kernels.gemm;

import vit.kernels.gelu.GeluKind;
import vit.kernels.gelu.GeluReference;
import vit.kernels.tensor.Tensor;

/** The mathematics of the matrix product and its epilogue, in double: plain loops over row-major arrays without gaps. */
public final class GemmReference {

    private GemmReference() {}

    /**
     * c[m, n] = Σ_k a[m, k]·b[n, k].
     *
     * @param c       (M, N)
     * @param a       (M, K)
     * @param b       (N, K)
     * @param rows    M
     * @param outputs N
     * @param depth   K
     */
    public static void multiply(double[] c, double[] a, double[] b, int rows, int outputs, int depth) {
        for (int m = 0; m < rows; m++) {
            for (int n = 0; n < outputs; n++) {
                double sum = 0;
                for (int k = 0; k < depth; k++) {
                    sum += a[m * depth + k] * b[n * depth + k];
                }
                c[m * outputs + n] = sum;
            }
        }
    }

    /**
     * c = residual + scale · gelu(c + bias), each part only where it is not null.
     *
     * @param c        (M, N)
     * @param bias     (N)
     * @param gelu     the form of the GELU
     * @param scale    (N)
     * @param residual (M, N)
     * @param rows     M
     * @param outputs  N
     */
    public static void epilogue(double[] c, double[] bias, GeluKind gelu, double[] scale, double[] residual, int rows, int outputs) {
        for (int i = 0; bias != null && i < rows * outputs; i++) {
            c[i] += bias[i % outputs];
        }
        if (gelu != null) {
            GeluReference.forward(c, c, gelu);
        }
        for (int i = 0; i < rows * outputs; i++) {
            double value = scale == null ? c[i] : c[i] * scale[i % outputs];
            c[i] = residual == null ? value : residual[i] + value;
        }
    }

    /**
     * The gradients of c = a·bᵀ, given dc: da[m, k] = Σ_n dc[m, n]·b[n, k] (overwritten), db[n, k] += Σ_m dc[m, n]·a[m, k].
     *
     * @param da      (M, K)
     * @param db      (N, K)
     * @param dc      (M, N)
     * @param a       (M, K)
     * @param b       (N, K)
     * @param rows    M
     * @param outputs N
     * @param depth   K
     */
    public static void backward(double[] da, double[] db, double[] dc, double[] a, double[] b, int rows, int outputs, int depth) {
        for (int m = 0; m < rows; m++) {
            for (int k = 0; k < depth; k++) {
                double sum = 0;
                for (int n = 0; n < outputs; n++) {
                    sum += dc[m * outputs + n] * b[n * depth + k];
                    db[n * depth + k] += dc[m * outputs + n] * a[m * depth + k];
                }
                da[m * depth + k] = sum;
            }
        }
    }

    static void outer(PackedMatrix dw, boolean add, Tensor dy, Tensor x, int m) {
        double[] gradient = new double[dw.outputs() * dw.depth()];
        float[] values = new float[gradient.length];
        dw.unpackRows(values);
        for (int i = 0; i < gradient.length; i++) {
            gradient[i] = add ? values[i] : 0;
        }
        double[] weight = new double[gradient.length];
        backward(new double[m * dw.depth()], gradient, dy.rows(0, m).toDoubles(), x.rows(0, m).toDoubles(), weight,
                m, dw.outputs(), dw.depth());
        for (int i = 0; i < gradient.length; i++) {
            values[i] = (float) gradient[i];
        }
        dw.packRows(values);
    }

    static void multiply(Tensor c, Tensor a, PackedMatrix b, Epilogue epilogue, int m) {
        c.rows(0, m).copyFrom(product(a.rows(0, m).toDoubles(), b, epilogue, m));
    }

    /** The product of {@code m} rows, with the epilogue applied: (m, N). */
    static double[] product(double[] a, PackedMatrix b, Epilogue epilogue, int m) {
        double[] weight = new double[b.outputs() * b.depth()];
        for (int i = 0; i < weight.length; i++) {
            weight[i] = b.get(i / b.depth(), i % b.depth());
        }
        double[] product = new double[m * b.outputs()];
        multiply(product, a, weight, m, b.outputs(), b.depth());
        epilogue(product, doubles(epilogue.bias()), epilogue.gelu(), doubles(epilogue.scale()),
                epilogue.residual() == null ? null : epilogue.residual().rows(0, m).toDoubles(), m, b.outputs());
        return product;
    }

    private static double[] doubles(Tensor tensor) {
        return tensor == null ? null : tensor.toDoubles();
    }
}
