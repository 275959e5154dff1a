package vit.model.positions;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import java.util.Arrays;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;
import org.junit.jupiter.api.Test;

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
}
