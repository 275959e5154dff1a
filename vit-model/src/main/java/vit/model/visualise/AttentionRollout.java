package vit.model.visualise;

import java.util.Arrays;
import java.util.List;
import java.util.stream.IntStream;
import vit.model.AttentionMaps;
import vit.model.config.VitConfig;

/**
 * Attention rollout (Abnar and Zuidema 2020, section 3): how much of each token after the last block comes from each token before the first, if
 * information flows in proportion to attention. The residual connection counts as attention of a token to itself. With A the mean over a block's
 * heads, whose rows sum to one,
 *
 * <pre>
 *   Â_l = ½·A_l + ½·I
 *   R_0 = I,  R_l = Â_l · R_{l−1}
 * </pre>
 *
 * Rows of a product of such matrices sum to one as well.
 */
public final class AttentionRollout {

    private AttentionRollout() {}

    /** The rollout through all blocks, (T, T): row = token after the last block, column = token before the first. */
    public static double[] of(AttentionMaps maps) {
        return through(IntStream.range(0, maps.depth()).mapToObj(maps::mean).toList(), maps.tokens());
    }

    /**
     * The rollout through these blocks.
     *
     * @param blocks first to last, each (T, T) with rows that sum to one
     * @param tokens T
     * @return (T, T)
     */
    public static double[] through(List<double[]> blocks, int tokens) {
        double[] rollout = new double[tokens * tokens];
        for (int i = 0; i < tokens; i++) {
            rollout[i * tokens + i] = 1;
        }
        for (double[] attention : blocks) {
            if (attention.length != tokens * tokens) {
                throw new IllegalArgumentException("attention of " + attention.length + " elements for " + tokens + " tokens");
            }
            rollout = step(attention, rollout, tokens);
        }
        return rollout;
    }

    /**
     * What the head's input takes from each patch by the rollout through these blocks: as {@link PooledAttention#of} of {@link #through}, in T² instead of T³
     * steps a block, because only the rows that are used are followed back.
     *
     * @param blocks first to last, each (T, T) with rows that sum to one
     * @return (patches)
     */
    public static double[] pooled(VitConfig config, List<double[]> blocks) {
        double[] row = PooledAttention.rows(config);
        for (double[] attention : blocks.reversed()) {
            row = back(row, attention, config.tokens());
        }
        return Arrays.copyOfRange(row, config.prefixTokens(), config.prefixTokens() + config.patches());
    }

    /** r · (½·A + ½·I). */
    private static double[] back(double[] row, double[] attention, int tokens) {
        double[] next = new double[tokens];
        for (int k = 0; k < tokens; k++) {
            for (int j = 0; j < tokens; j++) {
                next[j] += row[k] * (attention[k * tokens + j] + (k == j ? 1 : 0)) / 2;
            }
        }
        return next;
    }

    /** (½·A + ½·I) · R. */
    private static double[] step(double[] attention, double[] rollout, int tokens) {
        double[] next = new double[tokens * tokens];
        for (int i = 0; i < tokens; i++) {
            for (int k = 0; k < tokens; k++) {
                double weight = (attention[i * tokens + k] + (i == k ? 1 : 0)) / 2;
                for (int j = 0; j < tokens; j++) {
                    next[i * tokens + j] += weight * rollout[k * tokens + j];
                }
            }
        }
        return next;
    }
}
