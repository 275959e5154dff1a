package vit.kernels.gemm;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.math.BigDecimal;
import java.math.RoundingMode;
import java.util.Arrays;
import java.util.SplittableRandom;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;
import org.junit.jupiter.api.Test;
import vit.kernels.parallel.Workers;
import vit.kernels.simd.Simd;
import vit.kernels.tensor.Tensor;
import vit.kernels.tensor.TensorArena;

/** Elements of 8 bits: whole numbers times the scale of their output, rounded as defined, and made floats by vectors as by the definition. */
class QuantizationTest {

    private static final BigDecimal MOST = BigDecimal.valueOf(127);

    /** The definition of a scale. */
    private static float scale(float[] row) {
        float largest = 0;
        for (float element : row) {
            largest = Math.max(largest, Math.abs(element));
        }
        return largest == 0 ? 0 : Math.max((float) (largest / 127.0), Float.MIN_NORMAL); // a quotient of a float and 7 bits is not rounded twice to another float
    }

    /** The definition of a code, in exact arithmetic. */
    private static int code(float element, float scale) {
        if (scale == 0) {
            return 0;
        }
        return new BigDecimal(element).divide(new BigDecimal(scale), 60, RoundingMode.HALF_EVEN).setScale(0, RoundingMode.HALF_EVEN).intValueExact();
    }

    private static PackedMatrix pack(TensorArena arena, int n, int k, float[] weight) {
        return PackedMatrix.pack(arena, Storage.INT8, n, k, weight, new float[PackedMatrix.scratch(n, k)], new int[PackedMatrix.wordScratch(n, k)]);
    }

    /** Every byte in every place of a word, with scales that differ by output; −128 is never packed, but read as what it is. */
    @Test
    void vectorsMakeTheFloatOfEveryByteInEveryPlace() {
        int vectors = 4;
        int words = 256 * Simd.LANES;
        SplittableRandom random = new SplittableRandom(5);
        try (TensorArena arena = TensorArena.open()) {
            Tensor bytes = arena.allocate(words);
            Tensor scales = arena.allocate(3 * Tile.COLUMNS);
            for (int i = 0; i < scales.columns(); i++) {
                scales.set(0, i, i % 7 == 0 ? 0 : i % 7 == 1 ? Float.MIN_NORMAL : (float) random.nextDouble());
            }
            for (int i = 0; i < words; i++) {
                int value = i / Simd.LANES;
                bytes.segment().set(Tensor.INT, (long) i * Integer.BYTES,
                        value | (value + 85 & 0xFF) << 8 | (value + 170 & 0xFF) << 16 | (value + 19 & 0xFF) << 24);
            }
            int panel = 1; // whose scales do not begin the memory
            float[] array = new float[vectors * words + 3];
            Widening.int8(array, 3, bytes.segment(), 0, scales.segment(), (long) panel * Tile.PANEL_STEP, words);
            Tensor memory = arena.allocate(vectors * words);
            Widening.int8(memory.segment(), bytes.segment(), 0, scales.segment(), (long) panel * Tile.PANEL_STEP, words);
            int[] excess = {0, 85, 170, 19};
            for (int i = 0; i < vectors * words; i++) {
                int code = (byte) (i / (vectors * Simd.LANES) + excess[i / Simd.LANES % vectors]);
                float expected = code * scales.get(0, panel * Tile.COLUMNS + i % Tile.COLUMNS);
                assertEquals(Float.floatToRawIntBits(expected), Float.floatToRawIntBits(array[3 + i]), "element " + i + ", code " + code);
                assertEquals(Float.floatToRawIntBits(expected), Float.floatToRawIntBits(memory.get(0, i)), "element " + i + ", code " + code);
            }
            Widening.int8(array, array.length, bytes.segment(), 0, scales.segment(), 0, 0); // nothing
        }
    }

    /** Floats of any size, and rows that are all zero, subnormal or the largest; some elements lie halfway between two codes. */
    private static float[] weight(SplittableRandom random, int n, int k) {
        float[] weight = new float[n * k];
        for (int output = 0; output < n; output++) {
            float size = switch (random.nextInt(8)) {
                case 0 -> 0;
                case 1 -> Float.MIN_VALUE * (1 + random.nextInt(300));
                case 2 -> 0x1p120f;
                case 3 -> 127; // whole numbers and halves
                default -> Math.scalb((float) (random.nextDouble() + 0.5), random.nextInt(60) - 40);
            };
            for (int i = 0; i < k; i++) {
                weight[output * k + i] = size == 127 ? (random.nextInt(509) - 254) / 2f : (float) (random.nextDouble() * 2 - 1) * size;
            }
            if (size == 127) {
                weight[output * k + random.nextInt(k)] = 127;
            }
        }
        return weight;
    }

    @Property(tries = 300)
    void elementsAreTheNearestCodesTimesTheScale(@ForAll @IntRange(min = 1, max = 150) int n, @ForAll @IntRange(min = 1, max = 150) int k, @ForAll long seed) {
        float[] weight = weight(new SplittableRandom(seed), n, k);
        try (TensorArena arena = TensorArena.open()) {
            PackedMatrix packed = pack(arena, n, k, weight);
            assertEquals(Storage.INT8, packed.storage());
            double largest = 0;
            double errors = 0;
            double squares = 0;
            for (int output = 0; output < n; output++) {
                float[] row = Arrays.copyOfRange(weight, output * k, (output + 1) * k);
                float scale = scale(row);
                assertEquals(scale, packed.scale(output));
                for (int i = 0; i < k; i++) {
                    int code = code(row[i], scale);
                    assertTrue(Math.abs(code) <= MOST.intValue(), "code " + code);
                    float expected = code * scale;
                    float found = packed.get(output, i);
                    assertEquals(Float.floatToRawIntBits(expected), Float.floatToRawIntBits(found), row[i] + " by " + scale);
                    assertTrue(Math.abs((double) found - row[i]) <= scale * (0.5 + 0x1p-16), row[i] + " became " + found + " with the scale " + scale);
                    largest = Math.max(largest, Math.abs((double) found - row[i]));
                    errors += ((double) found - row[i]) * ((double) found - row[i]);
                    squares += (double) row[i] * row[i];
                }
            }
            RoundingError error = RoundingError.of(packed, weight);
            assertEquals(largest, error.largest());
            assertEquals(errors, error.squaredErrors(), errors * 1e-12);
            assertEquals(squares, error.squaredElements(), squares * 1e-12);
            assertEquals(errors == 0 ? 0 : Math.sqrt(errors / squares), error.relative(), 1e-12 * error.relative());
        }
    }

    /** With weights that are no values of the type: the product is the scalar chain over the values that they become. */
    @Property(tries = 100)
    void productIsTheChainOverTheValues(@ForAll @IntRange(min = 1, max = 30) int m, @ForAll @IntRange(min = 1, max = 100) int n,
            @ForAll @IntRange(min = 1, max = 40) int k, @ForAll @IntRange(min = 1, max = 3) int threads, @ForAll boolean deep, @ForAll long seed) {
        SplittableRandom random = new SplittableRandom(seed);
        int depth = deep ? k + Tile.DEPTH : k;
        float[] weight = new float[n * depth];
        float[] rows = new float[m * depth];
        for (int i = 0; i < weight.length; i++) {
            weight[i] = (float) (random.nextDouble() * 2 - 1);
        }
        for (int i = 0; i < rows.length; i++) {
            rows[i] = (float) (random.nextDouble() * 2 - 1);
        }
        try (TensorArena arena = TensorArena.open(); Workers workers = Workers.of(threads)) {
            Tensor a = arena.allocate(m, depth).copyFrom(rows);
            Tensor c = arena.allocate(m, n);
            PackedMatrix b = pack(arena, n, depth, weight);
            GemmWorkspace workspace = GemmWorkspace.allocate(arena, GemmWorkspace.packedInput(m, depth), threads, true);
            workers.run(w -> Gemm.multiply(c, a, b, Epilogue.NONE, m, workspace, w));
            for (int output = 0; output < n; output++) {
                float[] row = Arrays.copyOfRange(weight, output * depth, (output + 1) * depth);
                float scale = scale(row);
                for (int i = 0; i < depth; i++) {
                    row[i] = (int) Math.rint(row[i] / (double) scale) * scale;
                }
                for (int r = 0; r < m; r++) {
                    float sum = 0;
                    for (int i = 0; i < depth; i++) {
                        sum = Math.fma(rows[r * depth + i], row[i], sum);
                    }
                    assertEquals(Float.floatToIntBits(sum), Float.floatToIntBits(c.get(r, output)), "row " + r + ", output " + output);
                }
            }
        }
    }

    /** The largest float divided by 127 is rounded up, and 127 times that would be an infinity. */
    @Test
    void outputWhoseValuesWouldOverflowIsKeptInThirtyTwoBits() {
        float[] weight = {1, 2, Float.MAX_VALUE, 3};
        assertEquals(Float.POSITIVE_INFINITY, 127 * (Float.MAX_VALUE / 127));
        try (TensorArena arena = TensorArena.open()) {
            PackedMatrix packed = pack(arena, 2, 2, weight);
            assertEquals(Storage.FLOAT32, packed.storage());
            assertTrue(packed.wasFinite());
            assertEquals(Float.MAX_VALUE, packed.get(1, 0));
            assertSame(RoundingError.NONE, RoundingError.of(packed, weight));
        }
    }

    @Test
    void errorOfSixteenBitsIsThatOfTheRounding() {
        float[] weight = {1, 1 + 0x1p-12f, -3, 0.5f};
        try (TensorArena arena = TensorArena.open()) {
            PackedMatrix half = PackedMatrix.pack(arena, Storage.FLOAT16, 2, 2, weight, new float[PackedMatrix.scratch(2, 2)], new int[PackedMatrix.wordScratch(2, 2)]);
            RoundingError error = RoundingError.of(half, weight);
            assertEquals(0x1p-12, error.largest());
            assertEquals(0x1p-24, error.squaredErrors());
            assertThrows(IllegalArgumentException.class, () -> RoundingError.of(half, new float[3]));
            assertThrows(IllegalStateException.class, () -> Storage.INT8.rounded(1));
        }
    }
}
