package vit.model.onnx;

/** The operators of which an exported graph may consist. */
public enum OnnxOperators {

    /** The standard domain only. Every runtime that knows operator set 20 can read the graph. */
    STANDARD,

    /**
     * Also ONNX Runtime's own operators where they fit, as its transformer optimiser would insert them: for attention, for a residual addition with the norm
     * that follows it, for RMSNorm, rotary positions, QuickGELU and SiLU. The graph is faster in ONNX Runtime, and no other runtime can read it.
     */
    ONNX_RUNTIME
}
