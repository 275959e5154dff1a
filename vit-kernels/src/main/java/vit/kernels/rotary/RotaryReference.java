package vit.kernels.rotary;

/** Rotary position embedding (Su et al. 2021) in double: the formula in plain loops over row-major arrays without gaps. */
public final class RotaryReference {

    private RotaryReference() {}

    /** x′ = x∘cos + turn(x)∘sin for every head of Q and K in the last P tokens of each image, where turn(x)_d is sign_d · x_partner(d). */
    public static void forward(
            double[] qkv, // (B·T, 3·H·D), in place
            double[] cos, // (P, D)
            double[] sin, // (P, D)
            RotaryKind kind,
            int batch,
            int tokens,
            int heads,
            int headDim) {
        int positions = cos.length / headDim;
        double[] x = new double[headDim];
        for (int b = 0; b < batch; b++) {
            for (int p = 0; p < positions; p++) {
                int row = (b * tokens + tokens - positions + p) * 3 * heads * headDim;
                for (int h = 0; h < 2 * heads; h++) { // Q, then K
                    int start = row + h * headDim;
                    System.arraycopy(qkv, start, x, 0, headDim);
                    for (int d = 0; d < headDim; d++) {
                        double turned = sign(kind, d, headDim) * x[partner(kind, d, headDim)];
                        qkv[start + d] = x[d] * cos[p * headDim + d] + turned * sin[p * headDim + d];
                    }
                }
            }
        }
    }

    /** dx_d = dx′_d · cos_d + sign_partner · dx′_partner · sin_partner, in the same places. */
    public static void backward(
            double[] dqkv, // (B·T, 3·H·D), in place
            double[] cos, // (P, D)
            double[] sin, // (P, D)
            RotaryKind kind,
            int batch,
            int tokens,
            int heads,
            int headDim) {
        int positions = cos.length / headDim;
        double[] dy = new double[headDim];
        for (int b = 0; b < batch; b++) {
            for (int p = 0; p < positions; p++) {
                int row = (b * tokens + tokens - positions + p) * 3 * heads * headDim;
                for (int h = 0; h < 2 * heads; h++) {
                    int start = row + h * headDim;
                    System.arraycopy(dqkv, start, dy, 0, headDim);
                    for (int d = 0; d < headDim; d++) {
                        // x_d appears in x′_d = x_d·cos_d + … and in x′_partner = … + sign_partner·x_d·sin_partner
                        int partner = partner(kind, d, headDim);
                        dqkv[start + d] = dy[d] * cos[p * headDim + d]
                                + sign(kind, partner, headDim) * dy[partner] * sin[p * headDim + partner];
                    }
                }
            }
        }
    }

    /** The element that is rotated together with element d. */
    private static int partner(RotaryKind kind, int d, int headDim) {
        return switch (kind) {
            case HALVES -> (d + headDim / 2) % headDim;
            case PAIRS -> d % 2 == 0 ? d + 1 : d - 1;
        };
    }

    /** −1 for the first element of two that are rotated together, 1 for the second. */
    private static int sign(RotaryKind kind, int d, int headDim) {
        return partner(kind, d, headDim) > d ? -1 : 1;
    }
}
