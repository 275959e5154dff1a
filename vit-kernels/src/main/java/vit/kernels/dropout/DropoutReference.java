package vit.kernels.dropout;

/** The mathematics of {@link Dropout}: plain loops over {@code double[]}, row-major without gaps. */
public final class DropoutReference {

    private DropoutReference() {}

    public static void apply(
            double[] out, // (M, C)
            double[] in, // (M, C)
            double p, long seed, long stream, long firstRow, int columns) {
        for (int i = 0; i < in.length; i++) {
            long row = firstRow + i / columns;
            int word = Philox.word(seed, stream, row * Dropout.rowStep(columns) + i % columns);
            boolean dropped = DropProbability.drops(word, DropProbability.threshold(p));
            out[i] = dropped ? 0 : in[i] * DropProbability.scale(p);
        }
    }
}
