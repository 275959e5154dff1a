package vit.kernels.attention;

/** The mathematics of {@link RelativeBias}, in double: plain loops over row-major arrays without gaps. */
public final class RelativeBiasReference {

    private RelativeBiasReference() {}

    public static void gather(
            double[] bias, // (H, T, T)
            double[] table, // (entries, H)
            BiasIndex index, // (T, T)
            int heads,
            int tokens) {
        for (int h = 0; h < heads; h++) {
            for (int ij = 0; ij < tokens * tokens; ij++) {
                bias[h * tokens * tokens + ij] = table[index.entry(ij) * heads + h];
            }
        }
    }

    public static void scatter(
            double[] dtable, // (entries, H); +=
            double[] dbias, // (H, T, T)
            BiasIndex index, // (T, T)
            int heads,
            int tokens) {
        for (int h = 0; h < heads; h++) {
            for (int ij = 0; ij < tokens * tokens; ij++) {
                // bias[h, i, j] = table[index[i, j], h]
                dtable[index.entry(ij) * heads + h] += dbias[h * tokens * tokens + ij];
            }
        }
    }
}
