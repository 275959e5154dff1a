package vit.model.visualise;

import java.util.Arrays;
import vit.model.config.VitConfig;
import vit.model.plot.Chart;
import vit.model.plot.Palette;
import vit.model.plot.Picture;
import vit.model.plot.Scale;

/** Attention distance by depth, with one dot per head (Dosovitskiy et al. 2020, figure 7, right). */
public final class DistanceChart {

    private static final int WIDTH = 800;
    private static final int HEIGHT = 520;

    private DistanceChart() {}

    /**
     * The chart.
     *
     * @param distances (depth, heads), pixels, of at least one block
     */
    public static Picture draw(double[][] distances, VitConfig config) {
        int depth = distances.length;
        int heads = distances[0].length;
        double[] blocks = new double[depth];
        double[] means = new double[depth];
        double[] eachBlock = new double[depth * heads];
        double[] each = new double[depth * heads];
        for (int block = 0; block < depth; block++) {
            blocks[block] = block;
            means[block] = Arrays.stream(distances[block]).average().orElse(0);
            for (int head = 0; head < heads; head++) {
                eachBlock[block * heads + head] = block;
                each[block * heads + head] = distances[block][head];
            }
        }
        double even = evenDistance(config);
        double most = Math.max(even, Arrays.stream(each).max().orElse(0));
        return new Chart("How far the heads look", Scale.whole(0, depth - 1, 12), "block", Scale.fromZero(most, 6), "mean distance, pixels")
                .note("Distance from a patch to the patches that it attends to, weighted by attention, averaged over the patches of this image.")
                .reference("if every patch counted alike", Palette.VERMILION, even)
                .dots("one head", Palette.BLUE, eachBlock, each)
                .line("mean of the heads", Palette.ORANGE, blocks, means)
                .draw(HEIGHT, WIDTH);
    }

    /** The mean distance of attention that is the same for all patches. */
    private static double evenDistance(VitConfig config) {
        double[] map = new double[Math.multiplyExact(config.tokens(), config.tokens())];
        Arrays.fill(map, 1.0 / config.tokens());
        return AttentionDistance.of(config, map);
    }
}
