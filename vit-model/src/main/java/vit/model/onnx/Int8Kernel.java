package vit.model.onnx;

/**
 * The weight W (out, in) of a linear layer, rounded to int8 with a scale for every output: W[o, i] ≈ scale[o] · q[o, i] with scale[o] = max |W[o]| / 127. It is laid out
 * as (in, out), the layout of MatMulInteger.
 *
 * @param elements (in, out), from −127 to 127
 * @param scales   (out), positive
 */
record Int8Kernel(byte[] elements, float[] scales) {

    private static final int LARGEST = 127;

    /** @param weight (out, in), in the first elements of the array */
    static Int8Kernel of(float[] weight, int out, int in) {
        byte[] elements = new byte[out * in];
        float[] scales = new float[out];
        for (int o = 0; o < out; o++) {
            float largest = 0;
            for (int i = 0; i < in; i++) {
                largest = Math.max(largest, Math.abs(weight[o * in + i]));
            }
            float scale = largest / LARGEST;
            scales[o] = scale == 0 ? 1 : scale; // zeros have any scale; one that is not finite must not vanish
            for (int i = 0; i < in; i++) {
                elements[i * out + o] = (byte) Math.clamp(Math.round(Math.rint((double) weight[o * in + i] / scales[o])), -LARGEST, LARGEST);
            }
        }
        return new Int8Kernel(elements, scales);
    }
}
