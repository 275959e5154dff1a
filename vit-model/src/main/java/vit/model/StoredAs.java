package vit.model;

import vit.kernels.gemm.Storage;
import vit.model.parameters.Parameter;
import vit.model.parameters.ParameterSource;

/**
 * How a model keeps the weight matrices of its linear layers in memory; they are 99 % of a ViT-B/16. Everything else (biases, norms, tokens, positions, the
 * convolutions of a hybrid) is kept in 32 bits, and all arithmetic is float32: a product makes floats of the weights that it reads. So what a value is kept in
 * changes no bit of a result, unless it is rounded. {@link VitModel#rounding} tells by how much weights were rounded.
 *
 * <p>A matrix with an element that is NaN, infinite or beyond the range of its type is kept in 32 bits in any case.
 */
public enum StoredAs {

    /** In 32 bits. */
    FLOAT32,

    /**
     * In 16 bits where the weights have 16 bits: a matrix in bfloat16 or float16 stays so, and any other is kept in 32 bits. Nothing is rounded. Such
     * weights take half the memory.
     */
    AS_FILE,

    /** In bfloat16, after every matrix is rounded to it (8 significant bits). The results change. */
    ROUNDED_TO_BFLOAT16,

    /** In float16, after every matrix is rounded to it (11 significant bits; below 6·10⁻⁵ fewer). The results change. */
    ROUNDED_TO_FLOAT16,

    /**
     * In 8 bits: every output of a matrix has whole numbers from −127 to 127 and one scale in float32 ({@link Storage#INT8}), whose products are the weights.
     * Such weights take little more than a quarter of the memory. The results change.
     */
    ROUNDED_TO_INT8;

    /** Whether weights may be rounded. */
    public boolean rounds() {
        return this == ROUNDED_TO_BFLOAT16 || this == ROUNDED_TO_FLOAT16 || this == ROUNDED_TO_INT8;
    }

    /** The type in which a model keeps this parameter of {@code source}. */
    public Storage of(ParameterSource source, Parameter parameter) {
        if (!parameter.isMatrix() || parameter.kind() == Parameter.Kind.CONVOLUTION_WEIGHT) {
            return Storage.FLOAT32;
        }
        return switch (this) {
            case FLOAT32 -> Storage.FLOAT32;
            case AS_FILE -> source.storage(parameter).isHalf() ? source.storage(parameter) : Storage.FLOAT32; // INT8 of a model would round once more
            case ROUNDED_TO_BFLOAT16 -> Storage.BFLOAT16;
            case ROUNDED_TO_FLOAT16 -> Storage.FLOAT16;
            case ROUNDED_TO_INT8 -> Storage.INT8;
        };
    }
}
