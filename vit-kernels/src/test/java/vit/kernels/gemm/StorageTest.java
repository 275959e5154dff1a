package vit.kernels.gemm;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.Arrays;
import java.util.List;
import java.util.SplittableRandom;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import vit.kernels.optim.GradientNorm;
import vit.kernels.parallel.Workers;
import vit.kernels.simd.Simd;
import vit.kernels.tensor.Tensor;
import vit.kernels.tensor.TensorArena;

/**
 * A product by weights of 16 or 8 bits has the bits of the product by the same weights in 32 bits, and the widening of every one of the 65,536 patterns of
 * 16 bits is exact.
 */
class StorageTest {

    private static final int PATTERNS = 1 << 16;

    /** The definition of both types, in double, which holds all their values. */
    private static double value(Storage storage, int pattern) {
        int fractionBits = storage == Storage.FLOAT16 ? 10 : 7;
        int bias = storage == Storage.FLOAT16 ? 15 : 127;
        int exponent = (pattern & 0x7FFF) >> fractionBits;
        double fraction = (pattern & (1 << fractionBits) - 1) / (double) (1 << fractionBits);
        double sign = pattern >= 0x8000 ? -1 : 1;
        if (exponent == 2 * bias + 1) {
            return fraction == 0 ? sign * Double.POSITIVE_INFINITY : Double.NaN;
        }
        return sign * (exponent == 0 ? Math.scalb(fraction, 1 - bias) : Math.scalb(1 + fraction, exponent - bias));
    }

    @ParameterizedTest
    @EnumSource(names = {"BFLOAT16", "FLOAT16"})
    void everyPatternIsWidenedExactlyAndComesBack(Storage storage) {
        for (int pattern = 0; pattern < PATTERNS; pattern++) {
            float widened = storage.widen((short) pattern);
            assertEquals(value(storage, pattern), widened, "pattern " + pattern); // tells the zeros apart
            assertEquals(Float.isFinite(widened), Storage.isFinite(storage.signsOfNonFinite(pattern)), "pattern " + pattern);
            assertEquals(Float.isFinite(widened), Storage.isFinite(storage.signsOfNonFinite(pattern << 16)), "pattern " + pattern);
            if (!Float.isNaN(widened)) {
                assertEquals((short) pattern, storage.narrow(widened));
            } else {
                assertTrue(Float.isNaN(storage.rounded(widened)));
            }
        }
    }

    @ParameterizedTest
    @EnumSource(names = {"BFLOAT16", "FLOAT16"})
    void vectorsWidenEveryFinitePatternExactly(Storage storage) {
        try (TensorArena arena = TensorArena.open()) {
            Tensor words = arena.allocate(PATTERNS / 2);
            for (int i = 0; i < PATTERNS / 2; i++) {
                words.segment().set(Tensor.INT, (long) i * Integer.BYTES, 2 * i | 2 * i + 1 << 16);
            }
            float[] array = new float[PATTERNS + 3];
            Widening.widen(storage, array, 3, words.segment(), 0, PATTERNS);
            Tensor memory = arena.allocate(PATTERNS);
            Widening.widen(storage, memory.segment(), words.segment(), 0, PATTERNS);
            int finite = 0;
            for (int i = 0; i < PATTERNS; i++) {
                int word = i / (2 * Simd.LANES) * Simd.LANES + i % Simd.LANES;
                int pattern = 2 * word + i / Simd.LANES % 2;
                float expected = storage.widen((short) pattern);
                if (Float.isFinite(expected)) {
                    assertEquals(Float.floatToRawIntBits(expected), Float.floatToRawIntBits(array[3 + i]), "pattern " + pattern);
                    assertEquals(Float.floatToRawIntBits(expected), Float.floatToRawIntBits(memory.get(0, i)), "pattern " + pattern);
                    finite++;
                }
            }
            assertEquals(storage == Storage.FLOAT16 ? 31 << 11 : 255 << 8, finite);
        }
    }

    @Property
    void roundingTakesTheNearestAndOfTwoTheEvenValue(@ForAll boolean half, @ForAll float value, @ForAll @IntRange(max = PATTERNS - 1) int pattern) {
        Storage storage = half ? Storage.FLOAT16 : Storage.BFLOAT16;
        double between = (value(storage, pattern) + value(storage, Math.min(pattern + 1, PATTERNS - 1))) / 2; // a tie, if both are finite and of one sign
        for (float x : new float[] {value, value * 0x1p-120f, (float) between, Math.nextUp((float) between)}) {
            if (Float.isNaN(x) || Math.abs(x) > (half ? 65504 : 3.38e38)) {
                continue;
            }
            int rounded = storage.narrow(x) & 0xFFFF;
            double error = Math.abs(value(storage, rounded) - x);
            for (int neighbour : new int[] {rounded - 1, rounded + 1}) {
                double other = Math.abs(value(storage, neighbour & 0xFFFF) - x);
                assertTrue(!(other < error) && (other != error || rounded % 2 == 0), x + " became " + value(storage, rounded));
            }
        }
    }

    /** A random matrix of values of the type, among them zeros, of both signs in 16 bits, and subnormal numbers. */
    private static float[] weight(Storage storage, SplittableRandom random, int n, int k) {
        int size = n * k;
        float[] weight = new float[size];
        if (storage == Storage.INT8) {
            for (int output = 0; output < n && k > 0; output++) {
                // Of 16 bits, so that 127 times the scale is exact, and so is the way back.
                float scale = random.nextInt(8) == 0 ? 0 : Math.scalb(1f + random.nextInt(1 << 16), random.nextInt(40) - 60);
                for (int i = 0; i < k; i++) {
                    weight[output * k + i] = (random.nextInt(255) - 127) * scale + 0f; // no negative zero
                }
                weight[output * k + random.nextInt(k)] = (random.nextBoolean() ? 127 : -127) * scale + 0f;
            }
            return weight;
        }
        for (int i = 0; i < size; i++) {
            do {
                weight[i] = random.nextInt(4) > 0 ? storage.rounded((float) (random.nextDouble() * 2 - 1)) : storage.widen((short) random.nextInt());
            } while (!Float.isFinite(weight[i]));
        }
        return weight;
    }

    private static PackedMatrix pack(TensorArena arena, Storage storage, int n, int k, float[] weight) {
        float[] scratch = new float[PackedMatrix.scratch(n, k)];
        int[] words = new int[PackedMatrix.wordScratch(n, k)];
        Arrays.fill(words, -1);
        return PackedMatrix.pack(arena, storage, n, k, weight, scratch, words);
    }

    @Property(tries = 300)
    void productHasTheBitsOfTheWidenedWeights(@ForAll Storage storage, @ForAll @IntRange(min = 1, max = 70) int m,
            @ForAll @IntRange(min = 1, max = 150) int n, @ForAll @IntRange(min = 0, max = 70) int k, @ForAll boolean deep, @ForAll long seed) {
        SplittableRandom random = new SplittableRandom(seed);
        int depth = deep ? k + Tile.DEPTH - 35 : k; // one or two blocks of k
        int threads = 1 + random.nextInt(4);
        float[] weight = weight(storage, random, n, depth);
        float[] rows = new float[m * depth];
        for (int i = 0; i < rows.length; i++) {
            rows[i] = (float) (random.nextDouble() * 2 - 1);
        }
        try (TensorArena arena = TensorArena.open(); Workers workers = Workers.of(threads)) {
            Tensor a = arena.allocate(m, depth).copyFrom(rows);
            PackedMatrix wide = PackedMatrix.allocate(arena, n, depth).packRows(weight);
            PackedMatrix b = pack(arena, storage, n, depth, weight);
            assertEquals(storage, b.storage());
            GemmWorkspace workspace = GemmWorkspace.allocate(arena, GemmWorkspace.packedInput(m, depth), threads, true);
            for (int worker = 0; worker < threads; worker++) {
                Arrays.fill(workspace.staged(worker), Float.NaN);
                workspace.widened(worker).fill(Float.NaN);
            }
            Tensor expected = arena.allocate(m, n);
            Tensor actual = arena.allocate(m, n);
            workers.run(w -> Gemm.multiply(expected, a, wide, Epilogue.NONE, m, workspace, w));
            workers.run(w -> Gemm.multiply(actual, a, b, Epilogue.NONE, m, workspace, w));
            assertSameBits(expected.toArray(), actual.toArray());
            PackedRows packed = PackedRows.allocate(arena, m, depth);
            packed.write(a.toDoubles(), m);
            PackedRows out = PackedRows.allocate(arena, m, n);
            workers.run(w -> Gemm.multiply(out, packed, b, Epilogue.NONE, m, workspace, w));
            double[] products = out.read(m);
            for (int i = 0; i < products.length; i++) {
                assertEquals(expected.get(i / n, i % n), (float) products[i], "packed element " + i);
            }
        }
    }

    private static void assertSameBits(float[] expected, float[] actual) {
        assertEquals(expected.length, actual.length);
        for (int i = 0; i < expected.length; i++) {
            assertEquals(Float.floatToIntBits(expected[i]), Float.floatToIntBits(actual[i]), "element " + i);
        }
    }

    @Property(tries = 200)
    void matrixGivesItsElementsBackAndTakesAHalfOrAQuarterOfTheMemory(@ForAll Storage storage, @ForAll @IntRange(min = 1, max = 150) int n,
            @ForAll @IntRange(min = 1, max = 150) int k, @ForAll long seed) {
        try (TensorArena arena = TensorArena.open(); TensorArena counting = TensorArena.counting()) {
            float[] weight = weight(storage, new SplittableRandom(seed), n, k);
            PackedMatrix packed = pack(arena, storage, n, k, weight);
            assertEquals(storage, packed.storage());
            assertTrue(packed.wasFinite());
            float[] actual = new float[n * k];
            packed.unpackRows(actual);
            assertSameBits(weight, actual);
            int steps = storage == Storage.INT8 && Tile.COLUMNS == 2 * Simd.LANES ? (k + 1) / 2 * 2 : k;
            int scales = storage == Storage.INT8 ? Float.BYTES : 0;
            assertEquals((long) Tile.panels(n) * Tile.COLUMNS * (steps * storage.bytes() + scales), packed.bytes());
            assertEquals(0, packed.segment().address() % TensorArena.ALIGNMENT);
            assertTrue(arena.bytes() <= packed.bytes() + (scales == 0 ? 1 : 2) * TensorArena.ALIGNMENT);
            pack(counting, storage, n, k, weight);
            assertEquals(arena.bytes(), counting.bytes());
        }
    }

    @Property(tries = 100)
    void matrixThatIsNotFiniteIsKeptInThirtyTwoBits(@ForAll Storage storage, @ForAll @IntRange(min = 1, max = 80) int n,
            @ForAll @IntRange(min = 1, max = 150) int k, @ForAll long seed) {
        SplittableRandom random = new SplittableRandom(seed);
        float[] weight = weight(storage, random, n, k);
        float[] found = {Float.NaN, Float.POSITIVE_INFINITY, Float.NEGATIVE_INFINITY, switch (storage) {
            case FLOAT16 -> -65520;
            case INT8 -> Float.NaN; // any finite number may be the largest
            default -> Float.MAX_VALUE;
        }};
        float chosen = found[random.nextInt(found.length)];
        weight[random.nextInt(n * k)] = chosen;
        try (TensorArena arena = TensorArena.open()) {
            PackedMatrix packed = pack(arena, storage, n, k, weight);
            assertEquals(Storage.FLOAT32, packed.storage());
            assertEquals(Float.isFinite(chosen), packed.wasFinite());
            float[] actual = new float[n * k];
            packed.unpackRows(actual);
            assertSameBits(weight, actual);
        }
    }

    @ParameterizedTest
    @EnumSource(names = {"BFLOAT16", "FLOAT16", "INT8"})
    void whatCannotBeDoneIsRefused(Storage storage) {
        try (TensorArena arena = TensorArena.open(); Workers workers = Workers.of(1)) {
            PackedMatrix packed = pack(arena, storage, 7, 5, new float[35]);
            PackedMatrix floats = PackedMatrix.allocate(arena, 7, 5);
            assertThrows(IllegalStateException.class, packed::elements);
            assertThrows(IllegalStateException.class, () -> packed.packRows(new float[35]));
            assertThrows(IllegalStateException.class, () -> new GradientNorm(List.of(packed), List.of(), 1));
            Tensor a = arena.allocate(3, 5);
            Tensor c = arena.allocate(3, 7);
            GemmWorkspace plain = GemmWorkspace.allocate(arena, 3, 5, 1);
            IllegalArgumentException refused = assertThrows(IllegalArgumentException.class,
                    () -> workers.run(w -> Gemm.multiply(c, a, packed, Epilogue.NONE, 3, plain, w)));
            assertTrue(refused.getMessage().contains(storage.name()), refused.getMessage());
            workers.run(w -> Gemm.multiply(c, a, floats, Epilogue.NONE, 3, plain, w));
            int words = PackedMatrix.wordScratch(7, 5);
            float[] scratch = new float[PackedMatrix.scratch(7, 5)];
            float[] tooShort = new float[scratch.length - 1];
            assertThrows(IllegalArgumentException.class, () -> PackedMatrix.pack(arena, storage, 7, 5, new float[35], scratch, new int[words - 1]));
            assertThrows(IllegalArgumentException.class, () -> PackedMatrix.pack(arena, storage, 7, 5, new float[34], scratch, new int[words]));
            assertThrows(IllegalArgumentException.class, () -> PackedMatrix.pack(arena, storage, 7, 5, new float[35], tooShort, new int[words]));
            PackedMatrix.pack(arena, storage, 7, 5, new float[35], scratch, new int[words]);
            assertFalse(packed.bytes() == floats.bytes());
        }
    }
}
