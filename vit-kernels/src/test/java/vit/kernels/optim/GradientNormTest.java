package vit.kernels.optim;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;
import org.junit.jupiter.api.Test;
import vit.kernels.gemm.PackedMatrix;
import vit.kernels.tensor.Tensor;
import vit.kernels.tensor.TensorArena;
import vit.kernels.verify.GuardedTensor;
import vit.kernels.verify.Teams;

/**
 * The norm of all gradients against the exact sum of squares, with the same bits at any number of threads and in any layout. NaN in any
 * element shows.
 */
class GradientNormTest {

    private static final int[] LENGTHS =
            {1, 15, 16, 17, 31, 33, 100, GradientNorm.CHUNK - 1, GradientNorm.CHUNK, GradientNorm.CHUNK + 1, 3 * GradientNorm.CHUNK + 5};

    @Property(tries = 60)
    void theNormIsTheRootOfTheSumOfSquaresAtAnyThreadCount(
            @ForAll @IntRange(min = 0, max = 6) int tensors, @ForAll Random random) {
        try (TensorArena arena = TensorArena.open()) {
            List<Tensor> gradients = new ArrayList<>();
            double sum = 0;
            for (int i = 0; i < tensors; i++) {
                int n = LENGTHS[random.nextInt(LENGTHS.length)];
                double scale = Math.pow(10, random.nextInt(40) - 20);
                gradients.add(GuardedTensor.of(arena, random.nextInt(5), 0, n).random(random, scale).tensor());
                for (float g : gradients.get(i).toArray()) {
                    sum += (double) g * g;
                }
            }
            GradientNorm norm = new GradientNorm(List.of(), gradients, Teams.LARGEST);
            double[] results = new double[Teams.LARGEST + 1];
            for (int threads = 1; threads <= Teams.LARGEST; threads++) {
                Teams.run(threads, norm::measure);
                results[threads] = norm.value();
                assertEquals(Double.doubleToLongBits(results[1]), Double.doubleToLongBits(results[threads]), threads + " threads");
            }
            // All terms are positive and exact; the longest chain has 256 + 4 + chunks additions of 2^-53.
            assertEquals(Math.sqrt(sum), results[1], 1e4 * 0x1p-53 * Math.sqrt(sum));
            double reference = 0;
            for (Tensor gradient : gradients) {
                double[] sums = new double[1];
                GradientNormReference.sumsOfSquares(sums, 0, gradient, 0, gradient.columns(), 1);
                reference += sums[0];
            }
            assertEquals(Math.sqrt(reference), results[1], 1e4 * 0x1p-53 * Math.sqrt(sum));
        }
    }

    /** The order of the sums does not depend on the packed layout, so the bits are the same at every vector width. */
    @Property(tries = 60)
    void packedMatricesAreSummedByOutputsInAPlainLoopBitForBit(
            @ForAll @IntRange(min = 0, max = 4) int matrices, @ForAll Random random) {
        try (TensorArena arena = TensorArena.open()) {
            List<PackedMatrix> gradients = new ArrayList<>();
            double sum = 0;
            for (int i = 0; i < matrices; i++) {
                int outputs = random.nextInt(1, 100);
                int depth = random.nextInt(1, 300);
                float[] values = new float[outputs * depth];
                for (int j = 0; j < values.length; j++) {
                    values[j] = (float) (random.nextGaussian() * Math.pow(10, random.nextInt(3)));
                }
                gradients.add(PackedMatrix.allocate(arena, outputs, depth).packRows(values));
                for (int n = 0; n < outputs; n++) {
                    sum += chain(values, n * depth, depth);
                }
            }
            Tensor tensor = arena.allocate(16);
            tensor.set(0, 15, 3);
            GradientNorm norm = new GradientNorm(gradients, List.of(tensor), Teams.LARGEST);
            long expected = Double.doubleToLongBits(Math.sqrt(sum + 9));
            for (int threads = 1; threads <= Teams.LARGEST; threads++) {
                Teams.run(threads, norm::measure);
                assertEquals(expected, Double.doubleToLongBits(norm.value()), threads + " threads");
            }
        }
    }

    private static double chain(float[] values, int start, int depth) {
        double sum = 0;
        for (int k = 0; k < depth; k++) {
            sum += (double) values[start + k] * values[start + k];
        }
        return sum;
    }

    @Test
    void aNaNAnywhereInAPackedMatrixShows() {
        try (TensorArena arena = TensorArena.open()) {
            for (int at : new int[] {0, 10, 11, 37 * 11 - 1}) {
                float[] values = new float[37 * 11];
                values[at] = Float.NaN;
                GradientNorm norm = new GradientNorm(List.of(PackedMatrix.allocate(arena, 37, 11).packRows(values)), List.of(), 1);
                Teams.run(1, norm::measure);
                assertTrue(Double.isNaN(norm.value()), "NaN at " + at);
            }
        }
    }

    @Test
    void gapsBetweenRowsCountAsTheZerosTheyHold() {
        try (TensorArena arena = TensorArena.open()) {
            Tensor padded = arena.allocatePadded(3, 1024).fill(2);
            assertTrue(!padded.isContiguous());
            GradientNorm norm = new GradientNorm(List.of(), List.of(padded), 2);
            Teams.run(2, norm::measure);
            assertEquals(2 * Math.sqrt(3 * 1024), norm.value(), 1e-12);
        }
    }

    @Test
    void aNaNAnywhereShows() {
        try (TensorArena arena = TensorArena.open()) {
            for (int at : new int[] {0, 15, 4097, 5000}) {
                Tensor g = arena.allocate(5001);
                g.set(0, at, Float.NaN);
                GradientNorm norm = new GradientNorm(List.of(), List.of(g), 1);
                Teams.run(1, norm::measure);
                assertTrue(Double.isNaN(norm.value()), "NaN at " + at);
                assertTrue(Double.isNaN(GradientNorm.clipScale(norm.value(), 1)));
            }
        }
    }

    @Test
    void clippingLeavesSmallGradientsAlone() {
        assertEquals(1, GradientNorm.clipScale(0.5, 1));
        assertEquals(1, GradientNorm.clipScale(0, 1));
        assertEquals(0.25, GradientNorm.clipScale(4, 1), 1e-6);
    }

    @Test
    void aTeamLargerThanPlannedIsRefused() {
        GradientNorm norm = new GradientNorm(List.of(), List.of(), 1);
        assertEquals("workers: expected 1 to 1, found 2",
                assertThrows(IllegalArgumentException.class, () -> Teams.run(2, norm::measure)).getMessage());
    }
}
