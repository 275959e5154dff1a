package vit.model;

import vit.model.config.VitConfig;

/**
 * The attention probabilities of one image, as {@link VitSession#attention} computes them: for each block and head, how much each token (the query, a
 * row) takes from each token (the key, a column). Every row sums to one. The tokens are the prefix tokens, then the patches row by row. Immutable,
 * and independent of the session. {@code vit.model.visualise} makes pictures of them.
 */
public final class AttentionMaps {

    private final VitConfig config;
    private final float[][] maps; // by block: (H, T, T)

    /** @param maps by block: (H, T, T), row-major; not copied */
    AttentionMaps(VitConfig config, float[][] maps) {
        this.config = config;
        this.maps = maps;
    }

    /** The configuration of the model. */
    public VitConfig config() {
        return config;
    }

    /** The number of blocks. */
    public int depth() {
        return maps.length;
    }

    /** H, the number of heads of every block. */
    public int heads() {
        return config.heads();
    }

    /** T, the number of tokens: prefix tokens and patches. */
    public int tokens() {
        return config.tokens();
    }

    /**
     * How much {@code query} takes from {@code key} in a head of a block, in [0, 1]. All indices count from 0.
     *
     * @throws IndexOutOfBoundsException if there is no such block, head or token
     */
    public float probability(int block, int head, int query, int key) {
        check("block", block, depth());
        check("head", head, heads());
        check("query", query, tokens());
        check("key", key, tokens());
        return maps[block][(head * tokens() + query) * tokens() + key];
    }

    /** A copy of a head's probabilities, (T, T) row-major: queries are rows. */
    public double[] head(int block, int head) {
        check("block", block, depth());
        check("head", head, heads());
        int size = tokens() * tokens();
        double[] copy = new double[size];
        for (int i = 0; i < size; i++) {
            copy[i] = maps[block][head * size + i];
        }
        return copy;
    }

    /** The mean of the probabilities over the heads of a block, (T, T) row-major: queries are rows. */
    public double[] mean(int block) {
        check("block", block, depth());
        int size = tokens() * tokens();
        double[] mean = new double[size];
        for (int h = 0; h < heads(); h++) {
            for (int i = 0; i < size; i++) {
                mean[i] += maps[block][h * size + i] / (double) heads();
            }
        }
        return mean;
    }

    private static void check(String name, int value, int count) {
        if (value < 0 || value >= count) {
            throw new IndexOutOfBoundsException(name + " " + value + " of " + count);
        }
    }
}
