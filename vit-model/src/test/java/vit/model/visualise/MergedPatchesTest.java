package vit.model.visualise;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.util.List;
import org.junit.jupiter.api.Test;
import vit.model.PatchGroups;
import vit.model.plot.Picture;

/** Patches are drawn in the mean colour of their group, with lines where another group begins. */
class MergedPatchesTest {

    private static final int WHITE = 0xFFFFFF;

    /** Two rows of three patches, each of 2×2 pixels. Group 0 is the left column and the patch below on the right; its colours are 10, 30 and 50. */
    @Test
    void groupsHaveTheirMeanColourAndLinesBetween() {
        PatchGroups groups = new PatchGroups(2, 3, List.of(0, 1, 1, 0, 1, 0));
        int[] red = {10, 100, 200, 30, 60, 50};
        Picture image = Picture.of(4, 6, (x, y) -> red[y / 2 * 3 + x / 2] << 16 | x % 2);
        Picture drawn = MergedPatches.draw(image, groups);
        int left = 30 << 16 | 1; // blue is 0 and 1 in turn, and ½ is rounded up
        int right = 120 << 16 | 1;
        int[][] expected = {
            {left, left, WHITE, right, right, right},
            {left, left, WHITE, right, right, right},
            {left, left, WHITE, right, WHITE, WHITE},
            {left, left, WHITE, right, WHITE, left},
        };
        for (int y = 0; y < 4; y++) {
            for (int x = 0; x < 6; x++) {
                assertEquals(Integer.toHexString(expected[y][x]), Integer.toHexString(drawn.at(x, y)), "pixel " + x + ", " + y);
            }
        }
    }
}
