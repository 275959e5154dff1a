package vit.model.onnx;

/** How an exported file holds the weights of the linear layers. */
public enum OnnxWeights {

    /** As float32, so that results agree with ours up to rounding. */
    FLOAT32,

    /**
     * As int8, with a scale for every output and no offset, rounded to nearest with ties to even. The graph rounds every layer's input to uint8 as well, with a scale
     * and an offset that it finds in each call ({@code DynamicQuantizeLinear}, then {@code MatMulInteger}). This is what ONNX Runtime's dynamic quantisation makes of
     * a float32 file, with one scale for every output channel. The numbers are others, by about a hundredth. Attention's own products, a patch projection by
     * convolution, biases, norms and the head stay float32.
     */
    INT8
}
