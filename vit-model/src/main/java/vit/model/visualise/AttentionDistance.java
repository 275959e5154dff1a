package vit.model.visualise;

import vit.model.AttentionMaps;
import vit.model.config.VitConfig;

/**
 * The attention distance of heads, that is how far they look (Dosovitskiy et al. 2020, figure 7, right): the distance in pixels between a patch and
 * the patches that it attends to, weighted by attention, averaged over the patches of an image. Attention to prefix tokens is left out.
 */
public final class AttentionDistance {

    private AttentionDistance() {}

    /** The mean distance in pixels by block and head: (depth, H). */
    public static double[][] of(AttentionMaps maps) {
        double[][] distances = new double[maps.depth()][maps.heads()];
        for (int block = 0; block < maps.depth(); block++) {
            for (int head = 0; head < maps.heads(); head++) {
                distances[block][head] = of(maps.config(), maps.head(block, head));
            }
        }
        return distances;
    }

    /**
     * The mean distance in pixels of one head.
     *
     * @param map (T, T)
     */
    static double of(VitConfig config, double[] map) {
        int prefix = config.prefixTokens();
        int patches = config.patches();
        int grid = config.gridWidth();
        double sum = 0;
        for (int q = 0; q < patches; q++) {
            double weighted = 0;
            double weights = 0;
            for (int k = 0; k < patches; k++) {
                double weight = map[(prefix + q) * config.tokens() + prefix + k];
                weighted += weight * Math.hypot(q / grid - k / grid, q % grid - k % grid) * config.patchPixels();
                weights += weight;
            }
            sum += weights == 0 ? 0 : weighted / weights;
        }
        return sum / patches;
    }
}
