package vit.model.onnx;

/** The operators of which an exported graph may consist. */
public enum OnnxOperators {

    /** The standard domain only. Every runtime that knows operator set 20 can read the graph. */
    STANDARD,

    /**
     * Also ONNX Runtime's own MultiHeadAttention and SkipLayerNormalization where they fit, as its transformer optimiser would insert them. The graph is
     * faster in ONNX Runtime, and no other runtime can read it.
     */
    ONNX_RUNTIME
}
