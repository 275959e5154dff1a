package vit.model.visualise;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;
import org.junit.jupiter.api.Test;
import vit.kernels.patchembed.PatchOrder;
import vit.model.config.VitConfig;
import vit.model.config.VitConfig.FinalNorm;
import vit.model.config.VitConfig.Pooling;
import vit.model.parameters.GeneratedWeights;
import vit.model.parameters.Parameter;
import vit.model.parameters.ParameterSource;

/** Pooled attention, attention distance, similarity of positions and patch filters, each against values that were computed by hand. */
class InsightsTest {

    /** The model has 3 × 2 patches, a class token and a register: 8 tokens. */
    private static final VitConfig CONFIG =
            VitConfig.builder().image(24, 16).patch(8).width(24).depth(2).heads(3).mlp(40).classes(7).registers(1).build();

    /** An attention matrix in which each token attends only to the token that {@code target} names. */
    private static double[] attendingTo(int tokens, java.util.function.IntUnaryOperator target) {
        double[] matrix = new double[tokens * tokens];
        for (int i = 0; i < tokens; i++) {
            matrix[i * tokens + target.applyAsInt(i)] = 1;
        }
        return matrix;
    }

    @Test
    void classTokensRowIsShownWhereTheModelPoolsByIt() {
        double[] matrix = attendingTo(8, i -> i == 0 ? 6 : 3);
        assertArrayEquals(new double[] {0, 0, 0, 0, 1, 0}, PooledAttention.of(CONFIG, matrix).values());
    }

    @Test
    void meanPoolingAveragesTheRowsThatTheModelAverages() {
        double[] matrix = attendingTo(8, i -> i < 2 ? 7 : i == 2 ? 4 : 0); // prefix tokens attend to the last patch, patch 0 to patch 2
        VitConfig patches = CONFIG.toBuilder().pooling(Pooling.PATCH_MEAN).finalNorm(FinalNorm.AFTER_POOLING).build();
        VitConfig all = CONFIG.toBuilder().pooling(Pooling.ALL_MEAN).build();
        assertArrayEquals(new double[] {0, 0, 1 / 6.0, 0, 0, 0}, PooledAttention.of(patches, matrix).values(), 1e-15);
        assertArrayEquals(new double[] {0, 0, 1 / 8.0, 0, 0, 2 / 8.0}, PooledAttention.of(all, matrix).values(), 1e-15);
        assertThrows(IllegalArgumentException.class, () -> PooledAttention.of(all, new double[9]));
    }

    @Test
    void distanceIsThatOfTheAttendedPatch() {
        assertEquals(0, AttentionDistance.of(CONFIG, attendingTo(8, i -> i)));
        // Every patch attends to patch 0. Its distances from there are 0, 1, 1, √2, 2 and √5 patches of 8 pixels.
        double expected = 8 * (0 + 1 + 1 + Math.sqrt(2) + 2 + Math.sqrt(5)) / 6;
        assertEquals(expected, AttentionDistance.of(CONFIG, attendingTo(8, i -> 2)), 1e-12);
        // attention to the class token is left out
        double[] half = attendingTo(8, i -> 2);
        for (int i = 0; i < 8; i++) {
            half[i * 8 + 2] = 0.5;
            half[i * 8] = 0.5;
        }
        assertEquals(expected, AttentionDistance.of(CONFIG, half), 1e-12);
        assertEquals(0, AttentionDistance.of(CONFIG, attendingTo(8, i -> 0)), "nothing goes to patches");
    }

    @Property(tries = 100)
    void cosinesAreSymmetricWithOnesOnTheDiagonal(@ForAll @IntRange(min = 1, max = 8) int rows, @ForAll @IntRange(min = 1, max = 9) int width,
            @ForAll long seed) {
        float[] table = new float[5 + rows * width];
        new GeneratedWeights(CONFIG, seed).fill(table, table.length, "table", 3, 0);
        double[] cosines = PositionSimilarity.cosines(table, 5, rows, width);
        for (int i = 0; i < rows; i++) {
            assertEquals(1, cosines[i * rows + i], 1e-12);
            for (int j = 0; j < rows; j++) {
                assertEquals(cosines[i * rows + j], cosines[j * rows + i]);
                assertTrue(Math.abs(cosines[i * rows + j]) <= 1 + 1e-12);
            }
        }
    }

    @Test
    void cosinesOfKnownVectors() {
        assertArrayEquals(new double[] {1, 0.6, 0, 0.6, 1, 0, 0, 0, 0},
                PositionSimilarity.cosines(new float[] {2, 0, 3, 4, 0, 0}, 0, 3, 2), 1e-15);
    }

    @Test
    void prefixTokensHaveNoPlaceInTheSimilarityOfPatches() throws IOException {
        ParameterSource positions = values(CONFIG, i -> i < 2 * 24 ? Float.NaN : i / 24 == 2 || i / 24 == 5 ? 1 : (float) Math.sin(i));
        double[] similarity = PositionSimilarity.of(positions);
        assertEquals(36, similarity.length);
        assertEquals(1, similarity[3], 1e-12, "patches 0 and 3");
        for (double value : similarity) {
            assertTrue(Double.isFinite(value));
        }
    }

    @Test
    void fixedPositionsAreMostSimilarToTheirNeighbours() throws IOException {
        VitConfig config = CONFIG.toBuilder().image(64, 64).positions(VitConfig.Positions.SINCOS_2D).build();
        double[] similarity = PositionSimilarity.of(new GeneratedWeights(config, 0));
        int middle = 4 * 8 + 4;
        double beside = similarity[middle * 64 + middle + 1];
        double below = similarity[middle * 64 + middle + 8];
        assertTrue(beside > similarity[middle * 64 + middle + 3] && below > similarity[middle * 64 + middle + 24]);
    }

    @Test
    void filtersComeAsPlanesInEitherOrderOfThePatch() throws IOException {
        VitConfig planes = CONFIG.toBuilder().patch(2).image(4, 4).build();
        VitConfig pixels = planes.toBuilder().patchOrder(PatchOrder.CHANNEL_LAST).build();
        // one filter that sees only the green of the pixel in row 1, column 0
        PatchFilters a = PatchFilters.of(values(planes, i -> i == 4 + 2 ? 1 : 0), 1);
        PatchFilters b = PatchFilters.of(values(pixels, i -> i == 2 * 3 + 1 ? 1 : 0), 1);
        for (PatchFilters filters : new PatchFilters[] {a, b}) {
            assertEquals(1, filters.count());
            for (int c = 0; c < 3; c++) {
                for (int y = 0; y < 2; y++) {
                    for (int x = 0; x < 2; x++) {
                        assertEquals(c == 1 && y == 1 && x == 0 ? 1 : 0, filters.at(0, c, y, x), 1e-12);
                    }
                }
            }
        }
    }

    /** Weights whose elements follow a formula, in every parameter. */
    private static ParameterSource values(VitConfig config, java.util.function.IntToDoubleFunction formula) {
        return new ParameterSource() {
            @Override
            public VitConfig config() {
                return config;
            }

            @Override
            public void read(Parameter parameter, float[] target) {
                for (int i = 0; i < parameter.shape().size(); i++) {
                    target[i] = (float) formula.applyAsDouble(i);
                }
            }
        };
    }
}
