package vit.model.visualise;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.List;
import java.util.Random;
import java.util.stream.IntStream;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;
import org.junit.jupiter.api.Test;

/** Attention rollout against its definition: rows sum to one, and each block multiplies the product from the left. */
class AttentionRolloutTest {

    /** A (T, T) matrix of probabilities, some of them nearly 0 and 1. */
    private static double[] attention(int tokens, Random random) {
        double[] matrix = new double[tokens * tokens];
        for (int i = 0; i < tokens; i++) {
            double sum = 0;
            for (int j = 0; j < tokens; j++) {
                matrix[i * tokens + j] = Math.exp(5 * random.nextGaussian());
                sum += matrix[i * tokens + j];
            }
            for (int j = 0; j < tokens; j++) {
                matrix[i * tokens + j] /= sum;
            }
        }
        return matrix;
    }

    private static double[] identity(int tokens) {
        double[] matrix = new double[tokens * tokens];
        for (int i = 0; i < tokens; i++) {
            matrix[i * tokens + i] = 1;
        }
        return matrix;
    }

    @Property
    void rowsSumToOneAndNothingIsNegative(@ForAll @IntRange(min = 1, max = 12) int tokens, @ForAll @IntRange(min = 0, max = 8) int depth,
            @ForAll long seed) {
        Random random = new Random(seed);
        double[] rollout = AttentionRollout.through(IntStream.range(0, depth).mapToObj(_ -> attention(tokens, random)).toList(), tokens);
        for (int i = 0; i < tokens; i++) {
            double sum = 0;
            for (int j = 0; j < tokens; j++) {
                assertTrue(rollout[i * tokens + j] >= 0);
                sum += rollout[i * tokens + j];
            }
            assertEquals(1, sum, 1e-12);
        }
    }

    @Property
    void attentionToOneselfGivesTheIdentity(@ForAll @IntRange(min = 1, max = 9) int tokens, @ForAll @IntRange(min = 0, max = 6) int depth) {
        assertArrayEquals(identity(tokens), AttentionRollout.through(IntStream.range(0, depth).mapToObj(_ -> identity(tokens)).toList(), tokens));
    }

    @Property
    void oneMoreBlockIsOneMoreProductFromTheLeft(@ForAll @IntRange(min = 1, max = 6) int tokens, @ForAll long seed) {
        Random random = new Random(seed);
        double[] first = attention(tokens, random);
        double[] second = attention(tokens, random);
        double[] below = AttentionRollout.through(List.of(first), tokens);
        double[] both = AttentionRollout.through(List.of(first, second), tokens);
        for (int i = 0; i < tokens; i++) {
            for (int j = 0; j < tokens; j++) {
                double expected = below[i * tokens + j] / 2; // the residual connection
                for (int k = 0; k < tokens; k++) {
                    expected += second[i * tokens + k] / 2 * below[k * tokens + j];
                }
                assertEquals(expected, both[i * tokens + j], 1e-14);
            }
        }
    }

    @Test
    void blocksAreTakenFromFirstToLast() {
        double[] toSecond = {0, 1, 0, 1}; // both tokens attend to token 1
        double[] toFirst = {1, 0, 1, 0};
        assertArrayEquals(new double[] {0.5, 0.5, 0.25, 0.75}, AttentionRollout.through(List.of(toSecond, toFirst), 2));
        assertArrayEquals(new double[] {0.75, 0.25, 0.5, 0.5}, AttentionRollout.through(List.of(toFirst, toSecond), 2));
    }

    @Test
    void matrixOfAnotherSizeIsRefused() {
        assertThrows(IllegalArgumentException.class, () -> AttentionRollout.through(List.of(new double[9]), 2));
    }
}
