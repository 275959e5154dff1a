package vit.model.visualise;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.Arrays;
import java.util.Locale;
import java.util.Random;
import org.junit.jupiter.api.Test;

/** Filters are told from noise, and counted. */
class PatchFiltersTest {

    private static PatchFilters filters(float[] weight, int rows, int columns) {
        PrincipalComponents components = PrincipalComponents.of(weight, rows, columns, 28);
        double energy = 0;
        for (float w : weight) {
            energy += (double) w * w;
        }
        double total = energy;
        double[] shares = Arrays.stream(components.variances()).map(v -> v / total).toArray();
        return new PatchFilters(components.components(), shares.length, 3, 4, shares, NoiseEdge.share(shares, rows, columns));
    }

    private static float[] noise(Random random, int rows, int columns) {
        float[] weight = new float[rows * columns];
        for (int i = 0; i < weight.length; i++) {
            weight[i] = 0.02f * (float) random.nextGaussian();
        }
        return weight;
    }

    @Test
    void noiseIsTakenForNoise() {
        for (int rows : new int[] {16, 64, 192}) {
            int taken = 0;
            for (int seed = 0; seed < 40; seed++) {
                taken += filters(noise(new Random(seed), rows, 48), rows, 48).aboveNoise() > 0 ? 1 : 0;
            }
            System.out.printf(Locale.ROOT, "noise taken for filters: %d of 40 matrices of %d×48%n", taken, rows);
            assertTrue(taken <= 3, rows + " rows: " + taken + " of 40");
        }
    }

    @Test
    void filtersInNoiseAreFoundAndCounted() {
        for (int seed = 0; seed < 10; seed++) {
            Random random = new Random(seed);
            float[] weight = noise(random, 64, 48);
            for (int k = 0; k < 3; k++) { // three strong filters, the first ten times as strong as the last
                double[] left = random.doubles(64, -1, 1).toArray();
                double[] right = random.doubles(48, -1, 1).toArray();
                for (int i = 0; i < weight.length; i++) {
                    weight[i] += (float) (new double[] {1, 0.3, 0.1}[k] * left[i / 48] * right[i % 48]);
                }
            }
            PatchFilters found = filters(weight, 64, 48);
            assertTrue(found.aboveNoise() == 3 || found.aboveNoise() == 4, "seed " + seed + ": " + found.aboveNoise());
        }
    }

    @Test
    void sharesAreOfTheWholeAndZeroFiltersAreNoise() {
        PatchFilters all = filters(noise(new Random(1), 64, 24), 64, 24);
        assertEquals(1, Arrays.stream(all.shares()).sum(), 1e-6);
        PatchFilters none = new PatchFilters(new double[48], 1, 3, 4, new double[] {0}, NoiseEdge.share(new double[] {0}, 64, 48));
        assertEquals(0, none.aboveNoise());
        assertTrue(FilterSheet.draw(none).width() > 300);
    }
}
