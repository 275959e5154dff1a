package vit.kernels.gemm;

import vit.kernels.gelu.GeluKind;
import vit.kernels.tensor.Tensor;

/**
 * What is applied to a finished sum before it is stored in C. An epilogue is made once per layer and is immutable. All operands are optional:
 *
 * <pre>  c = sum + bias;  c = gelu(c);  c = c · scale;  c = residual + c</pre>
 */
public final class Epilogue {

    /** Leaves the sums as they are. */
    public static final Epilogue NONE = new Epilogue(null, null, null, null);

    private final Tensor bias; // (N)
    private final GeluKind gelu;
    private final Tensor scale; // (N)
    private final Tensor residual; // (M, N)

    private Epilogue(Tensor bias, GeluKind gelu, Tensor scale, Tensor residual) {
        this.bias = bias;
        this.gelu = gelu;
        this.scale = scale;
        this.residual = residual;
    }

    /** Adds {@code bias} (N); null adds nothing. */
    public static Epilogue bias(Tensor bias) {
        return bias == null ? NONE : new Epilogue(bias, null, null, null);
    }

    /** Adds {@code bias} (N), which may be null, then applies the GELU. */
    public static Epilogue biasGelu(Tensor bias, GeluKind gelu) {
        return new Epilogue(bias, gelu, null, null);
    }

    /**
     * Adds {@code bias} (N), multiplies by {@code scale} (N), adds {@code residual} (M, N); bias and scale may be null. The residual may be C itself;
     * the product is then added to what C holds.
     */
    public static Epilogue biasResidual(Tensor bias, Tensor scale, Tensor residual) {
        return new Epilogue(bias, null, scale, residual);
    }

    Tensor bias() {
        return bias;
    }

    GeluKind gelu() {
        return gelu;
    }

    Tensor scale() {
        return scale;
    }

    Tensor residual() {
        return residual;
    }
}
