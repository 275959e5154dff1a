package vit.kernels.dropout;

/** The mathematics of {@link StochasticDepth}: plain loops over {@code double[]}, row-major without gaps. */
public final class StochasticDepthReference {

    private StochasticDepthReference() {}

    public static void apply(
            double[] out, // (B, T, C)
            double[] in, // (B, T, C)
            double p, long seed, long stream, long firstImage, int rowsPerImage, int columns) {
        for (int i = 0; i < in.length; i++) {
            long image = firstImage + i / (rowsPerImage * columns);
            out[i] = StochasticDepth.drops(p, seed, stream, image) ? 0 : in[i] * DropProbability.scale(p);
        }
    }
}
