package vit.model.onnx;

/** Which operators an exported graph is made of. */
public enum OnnxOperators {

    /** The standard domain alone: every runtime that knows operator set 20 reads it. */
    STANDARD,

    /**
     * ONNX Runtime's own MultiHeadAttention and SkipLayerNormalization where they fit, which its transformer optimiser would put in:
     * faster there, readable nowhere else.
     */
    ONNX_RUNTIME
}
