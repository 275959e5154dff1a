package vit.model.visualise;

import vit.model.PatchGroups;
import vit.model.plot.Picture;

/** An image whose patches are drawn in the mean colour of the group that they were merged into, with lines between groups (Bolya et al. 2023, figure 4). */
public final class MergedPatches {

    private static final int LINE = 0xFFFFFF;

    private MergedPatches() {}

    /** The groups over an image of any size. */
    public static Picture draw(Picture image, PatchGroups groups) {
        int height = image.height();
        int width = image.width();
        int count = groups.count();
        long[][] sums = new long[count][4]; // red, green, blue, pixels
        for (int y = 0; y < height; y++) {
            for (int x = 0; x < width; x++) {
                long[] sum = sums[at(groups, x, y, height, width)];
                int rgb = image.at(x, y);
                sum[0] += rgb >> 16 & 0xFF;
                sum[1] += rgb >> 8 & 0xFF;
                sum[2] += rgb & 0xFF;
                sum[3]++;
            }
        }
        int[] colours = new int[count];
        for (int i = 0; i < count; i++) {
            for (int c = 0; c < 3; c++) {
                colours[i] = colours[i] << 8 | (int) Math.round((double) sums[i][c] / sums[i][3]);
            }
        }
        return Picture.of(height, width, (x, y) -> {
            int group = at(groups, x, y, height, width);
            boolean edge = x > 0 && at(groups, x - 1, y, height, width) != group || y > 0 && at(groups, x, y - 1, height, width) != group;
            return edge ? LINE : colours[group];
        });
    }

    /** The group of a pixel. */
    private static int at(PatchGroups groups, int x, int y, int height, int width) {
        return groups.at((int) ((long) y * groups.height() / height), (int) ((long) x * groups.width() / width));
    }
}
