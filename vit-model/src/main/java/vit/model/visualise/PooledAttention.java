package vit.model.visualise;

import java.util.Arrays;
import vit.model.config.VitConfig;

/**
 * What the head's input takes from each patch, according to a (T, T) attention or rollout matrix. If the model pools by the class token, it is the
 * row of that token; otherwise it is the mean of the rows of the tokens that the model averages (the patches, or all tokens).
 */
public final class PooledAttention {

    private PooledAttention() {}

    /**
     * The share of each patch; the rest up to one goes to prefix tokens.
     *
     * @param matrix (T, T), rows that sum to one
     */
    public static PatchMap of(VitConfig config, double[] matrix) {
        int tokens = config.tokens();
        if (matrix.length != tokens * tokens) {
            throw new IllegalArgumentException("a matrix of " + matrix.length + " elements for " + tokens + " tokens");
        }
        double[] rows = rows(config);
        double[] shares = new double[config.patches()];
        for (int row = 0; row < tokens; row++) {
            for (int p = 0; p < shares.length && rows[row] > 0; p++) {
                shares[p] += matrix[row * tokens + config.prefixTokens() + p] * rows[row];
            }
        }
        return new PatchMap(config.gridHeight(), config.gridWidth(), shares);
    }

    /** The weight of each token's row, (T); together they are one. */
    static double[] rows(VitConfig config) {
        boolean token = config.pooling() == VitConfig.Pooling.TOKEN;
        int first = token || config.pooling().includesPrefix() ? 0 : config.prefixTokens();
        int last = token ? 1 : config.tokens();
        double[] rows = new double[config.tokens()];
        Arrays.fill(rows, first, last, 1.0 / (last - first));
        return rows;
    }

    /** The rows that are used, in words that can be added to a sentence. */
    public static String describe(VitConfig config) {
        return switch (config.pooling()) {
            case TOKEN -> "the class token's row";
            case PATCH_MEAN -> "the mean of the patches' rows, as the model pools";
            case ALL_MEAN -> "the mean of all tokens' rows, as the model pools";
            case TOKEN_AND_PATCH_MEAN, PATCH_MAX, PATCH_MEAN_MAX, PATCH_ATTENTION -> "the mean of the patches' rows";
            case ALL_MAX, ALL_MEAN_MAX, ALL_ATTENTION -> "the mean of all tokens' rows";
        };
    }
}
