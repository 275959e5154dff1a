package vit.model.positions;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import java.util.Arrays;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;
import org.junit.jupiter.api.Test;
import vit.model.config.VitConfig;

/** The table of sine and cosine positions against values of its formula. */
class SinCosPositionsTest {

    @Test
    void columnComesBeforeRowAndSineBeforeCosine() {
        float[] table = SinCosPositions.table(2, 3, 8); // ω = 1 and 1/10000
        assertArrayEquals(new float[] {0, 0, 1, 1, 0, 0, 1, 1}, Arrays.copyOf(table, 8));
        float[] last = Arrays.copyOfRange(table, 5 * 8, 6 * 8); // row 1, column 2
        double[] expected = {Math.sin(2), Math.sin(2e-4), Math.cos(2), Math.cos(2e-4), Math.sin(1), Math.sin(1e-4), Math.cos(1), Math.cos(1e-4)};
        for (int i = 0; i < 8; i++) {
            assertEquals(expected[i], last[i], 0x1p-25);
        }
    }

    @Property(tries = 100)
    void everyRowHasTheSameLength(@ForAll @IntRange(min = 1, max = 20) int height, @ForAll @IntRange(min = 1, max = 20) int width,
            @ForAll @IntRange(min = 2, max = 48) int quarter) {
        float[] table = SinCosPositions.table(height, width, 4 * quarter);
        for (int row = 0; row < height * width; row++) {
            double squares = 0;
            for (int c = 0; c < 4 * quarter; c++) {
                squares += (double) table[row * 4 * quarter + c] * table[row * 4 * quarter + c];
            }
            assertEquals(2 * quarter, squares, 4 * quarter * 0x1p-23);
        }
    }

    @Test
    void widthMustBeFourTimesMoreThanOne() {
        assertThrows(IllegalArgumentException.class, () -> SinCosPositions.table(2, 2, 4));
        assertThrows(IllegalArgumentException.class, () -> SinCosPositions.table(2, 2, 10));
    }

    @Test
    void sequenceAlternatesSineAndCosine() {
        float[] table = SinCosPositions.sequence(4, 6); // ω = 1, 10000^(−1/3) and 10000^(−2/3)
        assertArrayEquals(new float[] {0, 1, 0, 1, 0, 1}, Arrays.copyOf(table, 6));
        double[] omegas = {1, 1 / Math.cbrt(1e4), 1 / Math.cbrt(1e8)};
        for (int k = 0; k < 3; k++) {
            assertEquals(Math.sin(3 * omegas[k]), table[3 * 6 + 2 * k], 0x1p-24);
            assertEquals(Math.cos(3 * omegas[k]), table[3 * 6 + 2 * k + 1], 0x1p-24);
        }
        assertThrows(IllegalArgumentException.class, () -> SinCosPositions.sequence(2, 5));
    }

    /** A fixed angle stands between the pairs of two tokens that are a given distance apart (Vaswani et al. 2017, section 3.5). */
    @Property(tries = 100)
    void productOfTwoTokensDependsOnTheirDistanceAlone(@ForAll @IntRange(min = 1, max = 40) int half, @ForAll @IntRange(max = 30) int from,
            @ForAll @IntRange(max = 30) int distance) {
        int channels = 2 * half;
        float[] table = SinCosPositions.sequence(from + distance + 1, channels);
        double here = 0;
        double atStart = 0;
        for (int c = 0; c < channels; c++) {
            here += (double) table[from * channels + c] * table[(from + distance) * channels + c];
            atStart += (double) table[c] * table[distance * channels + c];
        }
        assertEquals(atStart, here, channels * 0x1p-22);
    }

    @Test
    void modelsTokensAreNumberedFromTheClassTokenOnAndRegistersAreNot() {
        VitConfig patches = VitConfig.builder().image(16, 24).patch(8).width(20).heads(2).classToken(false).pooling(VitConfig.Pooling.PATCH_MEAN)
                .positions(VitConfig.Positions.SINCOS_1D).build();
        assertArrayEquals(SinCosPositions.sequence(6, 20), SinCosPositions.of(patches));
        VitConfig token = patches.toBuilder().classToken(true).registers(3).build();
        assertEquals(1, token.positionedPrefix());
        assertArrayEquals(SinCosPositions.sequence(7, 20), SinCosPositions.of(token));
        assertArrayEquals(SinCosPositions.table(2, 3, 20), SinCosPositions.of(token.toBuilder().positions(VitConfig.Positions.SINCOS_2D).build()));
        assertThrows(IllegalArgumentException.class, () -> SinCosPositions.of(token.toBuilder().positions(VitConfig.Positions.NONE).build()));
    }
}
