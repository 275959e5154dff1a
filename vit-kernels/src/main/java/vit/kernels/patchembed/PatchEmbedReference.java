package vit.kernels.patchembed;

/**
 * The mathematics of {@link PatchEmbed}: plain loops over {@code double[]}, every array row-major without gaps. An image has P = ⌊H/p⌋·⌊W/p⌋ patches,
 * R prefix tokens, and T = R + P tokens.
 */
public final class PatchEmbedReference {

    private PatchEmbedReference() {}

    /** The index of element (c, y, x) of an image in that image's patches (P, channels·p·p). */
    private static int patchIndex(int c, int y, int x, int channels, int width, int p, PatchOrder order) {
        int patch = y / p * (width / p) + x / p;
        int dy = y % p;
        int dx = x % p;
        int element = switch (order) {
            case CHANNEL_FIRST -> (c * p + dy) * p + dx;
            case CHANNEL_LAST -> (dy * p + dx) * channels + c;
        };
        return patch * (channels * p * p) + element;
    }

    public static void patchify(
            double[] patches, // (B·P, channels·p·p)
            double[] images, // (B, channels, H, W)
            int p, PatchOrder order, int batch, int channels, int height, int width) {
        int image = channels * height * width;
        int ofPatches = (height / p) * (width / p) * channels * p * p;
        for (int b = 0; b < batch; b++) {
            for (int c = 0; c < channels; c++) {
                for (int y = 0; y < height / p * p; y++) {
                    for (int x = 0; x < width / p * p; x++) {
                        patches[b * ofPatches + patchIndex(c, y, x, channels, width, p, order)] =
                                images[b * image + (c * height + y) * width + x];
                    }
                }
            }
        }
    }

    /** The inverse of {@link #patchify}. The inverse of a permutation is its transpose, so this is also the backward pass. */
    public static void unpatchify(
            double[] images, // (B, channels, H, W)
            double[] patches, // (B·P, channels·p·p)
            int p, PatchOrder order, int batch, int channels, int height, int width) {
        int image = channels * height * width;
        int ofPatches = (height / p) * (width / p) * channels * p * p;
        for (int b = 0; b < batch; b++) {
            for (int c = 0; c < channels; c++) {
                for (int y = 0; y < height / p * p; y++) {
                    for (int x = 0; x < width / p * p; x++) {
                        images[b * image + (c * height + y) * width + x] =
                                patches[b * ofPatches + patchIndex(c, y, x, channels, width, p, order)];
                    }
                }
            }
        }
    }

    public static void assemble(
            double[] tokens, // (B, T, C)
            double[] projected, // (B·P, C)
            double[] prefix, // (R, C) or null
            double[] positions, // (Q + P, C) or null
            int positionedPrefix, int batch, int patches, int width) {
        int R = prefix == null ? 0 : prefix.length / width;
        int T = R + patches;
        for (int b = 0; b < batch; b++) {
            for (int t = 0; t < T; t++) {
                int position = position(t, R, positionedPrefix);
                for (int c = 0; c < width; c++) {
                    double token = t < R ? prefix[t * width + c] : projected[(b * patches + t - R) * width + c];
                    if (positions != null && position >= 0) {
                        token += positions[position * width + c];
                    }
                    tokens[(b * T + t) * width + c] = token;
                }
            }
        }
    }

    public static void assembleBackward(
            double[] dprojected, // (B·P, C)
            double[] dprefix, // (R, C) or null; +=
            double[] dpositions, // (Q + P, C) or null; +=
            double[] dtokens, // (B, T, C)
            int positionedPrefix, int batch, int prefixTokens, int patches, int width) {
        int R = prefixTokens;
        int T = R + patches;
        for (int b = 0; b < batch; b++) {
            for (int t = 0; t < T; t++) {
                int position = position(t, R, positionedPrefix);
                for (int c = 0; c < width; c++) {
                    double dtoken = dtokens[(b * T + t) * width + c];
                    // token = prefix + position, or projected + position: each summand's gradient is the token's
                    if (t >= R) {
                        dprojected[(b * patches + t - R) * width + c] = dtoken;
                    } else if (dprefix != null) {
                        dprefix[t * width + c] += dtoken;
                    }
                    if (dpositions != null && position >= 0) {
                        dpositions[position * width + c] += dtoken;
                    }
                }
            }
        }
    }

    public static void joinAxes(
            double[] positions, // (gridHeight, gridWidth, 2, C/2)
            double[] columns, // (gridWidth, C/2)
            double[] rows, // (gridHeight, C/2)
            int gridWidth, int gridHeight, int half) {
        for (int y = 0; y < gridHeight; y++) {
            for (int x = 0; x < gridWidth; x++) {
                for (int c = 0; c < half; c++) {
                    positions[(y * gridWidth + x) * 2 * half + c] = columns[x * half + c];
                    positions[(y * gridWidth + x) * 2 * half + half + c] = rows[y * half + c];
                }
            }
        }
    }

    public static void joinAxesBackward(
            double[] dcolumns, // (gridWidth, C/2); +=
            double[] drows, // (gridHeight, C/2); +=
            double[] dtokens, // (B, T, 2, C/2)
            int batch, int prefixTokens, int gridWidth, int gridHeight, int half) {
        for (int b = 0; b < batch; b++) {
            for (int y = 0; y < gridHeight; y++) {
                for (int x = 0; x < gridWidth; x++) {
                    int token = b * (prefixTokens + gridHeight * gridWidth) + prefixTokens + y * gridWidth + x;
                    for (int c = 0; c < half; c++) {
                        // token = projected + [columns[x]; rows[y]]: each half of its gradient is that of one summand
                        dcolumns[x * half + c] += dtokens[token * 2 * half + c];
                        drows[y * half + c] += dtokens[token * 2 * half + half + c];
                    }
                }
            }
        }
    }

    /** The row of the positions that token {@code t} gets; −1 for a prefix token without a position. */
    static int position(int t, int prefixTokens, int positionedPrefix) {
        if (t >= prefixTokens) {
            return positionedPrefix + t - prefixTokens;
        }
        return t < positionedPrefix ? t : -1;
    }
}
