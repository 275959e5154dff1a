package vit.kernels.gemm;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.Arrays;
import java.util.Random;
import java.util.SplittableRandom;
import java.util.function.DoubleSupplier;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;
import net.jqwik.api.lifecycle.AfterContainer;
import org.junit.jupiter.api.Test;
import vit.kernels.gelu.GeluKind;
import vit.kernels.parallel.Workers;
import vit.kernels.tensor.Shape;
import vit.kernels.tensor.Tensor;
import vit.kernels.tensor.TensorArena;
import vit.kernels.verify.GradientCheck;
import vit.kernels.verify.Gradients;

/**
 * Every element of a matrix product equals one scalar chain of fma exactly, whatever the shape, the layout, the form of packing and the number
 * of threads. The gradients of the reference are compared with central differences.
 */
class GemmTest {

    private static final GradientCheck GRADIENTS = new GradientCheck("matrix product");

    @AfterContainer
    static void printWorstErrors() {
        GRADIENTS.print();
    }

    /** The chain that the contract promises: fma from 0, with k ascending. */
    private static float[] fmaChain(float[] a, float[] b, int m, int n, int k) {
        float[] c = new float[m * n];
        for (int row = 0; row < m; row++) {
            for (int column = 0; column < n; column++) {
                float acc = 0;
                for (int i = 0; i < k; i++) {
                    acc = Math.fma(a[row * k + i], b[column * k + i], acc);
                }
                c[row * n + column] = acc;
            }
        }
        return c;
    }

    private static float[] random(SplittableRandom random, int size, boolean special) {
        float[] edges = {0f, -0f, Float.MIN_VALUE, -Float.MIN_NORMAL, Float.MAX_VALUE, -Float.MAX_VALUE,
            Float.POSITIVE_INFINITY, Float.NEGATIVE_INFINITY, Float.NaN, 1f, 1e-30f, -1e30f};
        float[] values = new float[size];
        for (int i = 0; i < size; i++) {
            values[i] = special && random.nextInt(8) == 0
                    ? edges[random.nextInt(edges.length)]
                    : (float) ((random.nextDouble() * 2 - 1) * Math.scalb(1.0, random.nextInt(-9, 10)));
        }
        return values;
    }

    private static void assertSameBits(float[] expected, float[] actual, String what) {
        assertEquals(expected.length, actual.length, what);
        for (int i = 0; i < expected.length; i++) {
            assertEquals(Float.floatToIntBits(expected[i]), Float.floatToIntBits(actual[i]),
                    what + ": element " + i + " is " + actual[i] + ", expected " + expected[i]);
        }
    }

    private static float[] multiply(float[] a, float[] b, int m, int n, int k, int threads, boolean padded) {
        try (TensorArena arena = TensorArena.open(); Workers workers = Workers.of(threads)) {
            Tensor at = strided(arena, m, k, padded).copyFrom(a);
            Tensor ct = strided(arena, m, n, padded).fill(Float.NaN);
            PackedMatrix packed = PackedMatrix.allocate(arena, n, k).packRows(b);
            GemmWorkspace workspace = GemmWorkspace.allocate(arena, m, k, threads);
            for (int worker = 0; worker < threads; worker++) {
                for (float[] tile : workspace.tiles(worker)) {
                    Arrays.fill(tile, Float.NaN); // as an earlier product may have left it
                }
                Arrays.fill(workspace.staged(worker), Float.NaN);
            }
            workers.run(w -> Gemm.multiply(ct, at, packed, Epilogue.NONE, m, workspace, w));
            return ct.toArray();
        }
    }

    /** A tensor whose rows have gaps of 3 elements between them and which begins 4 bytes off a vector's alignment. */
    private static Tensor strided(TensorArena arena, int rows, int columns, boolean padded) {
        if (!padded) {
            return arena.allocate(rows, columns);
        }
        Tensor memory = arena.allocate(rows * (columns + 3) + 1);
        return Tensor.of(memory.segment().asSlice(Float.BYTES), Shape.of(rows, columns), columns + 3);
    }

    @Property
    void gemmEqualsScalarFmaChain(@ForAll @IntRange(min = 1, max = 70) int m, @ForAll @IntRange(min = 1, max = 70) int n,
            @ForAll @IntRange(min = 0, max = 70) int k, @ForAll boolean padded, @ForAll boolean special, @ForAll long seed) {
        SplittableRandom random = new SplittableRandom(seed);
        float[] a = random(random, m * k, special);
        float[] b = random(random, n * k, special);
        assertSameBits(fmaChain(a, b, m, n, k), multiply(a, b, m, n, k, 1 + random.nextInt(4), padded),
                m + "×" + n + "×" + k);
    }

    @Test
    void everySmallShapeEqualsScalarFmaChain() {
        SplittableRandom random = new SplittableRandom(1);
        for (int m = 1; m <= Tile.ROWS + 1; m++) {
            for (int n = 1; n <= Tile.COLUMNS + 1; n++) {
                int k = 1 + (m + n) % 5;
                float[] a = random(random, m * k, false);
                float[] b = random(random, n * k, false);
                assertSameBits(fmaChain(a, b, m, n, k), multiply(a, b, m, n, k, 1, true), m + "×" + n + "×" + k);
            }
        }
    }

    @Test
    void blocksOfRowsAndOfDepthContinueTheChain() {
        SplittableRandom random = new SplittableRandom(2);
        int m = Tile.BLOCK_ROWS + Tile.ROWS + 1;
        int n = Tile.COLUMNS + 3;
        for (int k : new int[] {Tile.DEPTH - 1, Tile.DEPTH, Tile.DEPTH + 1, 2 * Tile.DEPTH + 5}) {
            float[] a = random(random, m * k, false);
            float[] b = random(random, n * k, false);
            assertSameBits(fmaChain(a, b, m, n, k), multiply(a, b, m, n, k, 2, false), m + "×" + n + "×" + k);
        }
    }

    /** A single worker always takes panels in groups; a team does so only if there are enough of them. The last group is not full. */
    @Test
    void groupsOfPanelsContinueTheChain() {
        SplittableRandom random = new SplittableRandom(6);
        int m = 2 * Tile.ROWS + 1;
        for (int threads = 1; threads <= 2; threads++) {
            int n = (threads == 1 ? 3 : Tile.GROUP * GemmSimd.ITEMS * threads + 1) * Tile.COLUMNS - 3;
            for (int k : new int[] {7, Tile.DEPTH + 5}) {
                float[] a = random(random, m * k, false);
                float[] b = random(random, n * k, false);
                assertSameBits(fmaChain(a, b, m, n, k), multiply(a, b, m, n, k, threads, false), m + "×" + n + "×" + k);
            }
        }
    }

    /** The kernel ends early when it reads these bits ahead. The product must be the same. */
    @Test
    void weightsOfTheBitsThatEndAKernelCallEarlyAreWeightsLikeOthers() {
        SplittableRandom random = new SplittableRandom(4);
        int m = 5 * Tile.ROWS + 1;
        int n = 3 * Tile.COLUMNS + 1;
        for (int k : new int[] {1, 2, 3, 4, 5, 31, 96}) {
            float[] a = random(random, m * k, false);
            float[] b = random(random, n * k, false);
            for (int i = 0; i < b.length; i++) {
                if (i / k % 3 != 0 && random.nextInt(3) == 0) {
                    b[i] = Float.intBitsToFloat(MicroKernel.UNUSED_BITS);
                }
            }
            assertSameBits(fmaChain(a, b, m, n, k), multiply(a, b, m, n, k, 2, false), m + "×" + n + "×" + k);
        }
    }

    @Test
    void resultIsTheSameAtAnyThreadCount() {
        SplittableRandom random = new SplittableRandom(3);
        float[] a = random(random, 37 * 65, false);
        float[] b = random(random, 100 * 65, false);
        float[] expected = fmaChain(a, b, 37, 100, 65);
        for (int threads = 1; threads <= 8; threads++) {
            assertSameBits(expected, multiply(a, b, 37, 100, 65, threads, false), threads + " threads");
        }
    }

    @Property
    void epilogueAddsBiasScalesAndAddsResidual(@ForAll @IntRange(min = 1, max = 40) int m,
            @ForAll @IntRange(min = 1, max = 40) int n, @ForAll long seed) {
        SplittableRandom random = new SplittableRandom(seed);
        int k = 1 + random.nextInt(20);
        float[] a = random(random, m * k, false);
        float[] b = random(random, n * k, false);
        float[] bias = random(random, n, false);
        float[] scale = random(random, n, false);
        float[] residual = random(random, m * n, false);
        float[] sums = fmaChain(a, b, m, n, k);
        float[] expected = new float[m * n];
        for (int i = 0; i < expected.length; i++) {
            expected[i] = residual[i] + (sums[i] + bias[i % n]) * scale[i % n];
        }
        try (TensorArena arena = TensorArena.open(); Workers workers = Workers.of(2)) {
            Tensor at = arena.allocate(m, k).copyFrom(a);
            Tensor ct = strided(arena, m, n, true);
            Epilogue epilogue = Epilogue.biasResidual(arena.allocate(n).copyFrom(bias), arena.allocate(n).copyFrom(scale),
                    strided(arena, m, n, true).copyFrom(residual));
            PackedMatrix packed = PackedMatrix.allocate(arena, n, k).packRows(b);
            GemmWorkspace workspace = GemmWorkspace.allocate(arena, m, k, 2);
            workers.run(w -> Gemm.multiply(ct, at, packed, epilogue, m, workspace, w));
            assertSameBits(expected, ct.toArray(), m + "×" + n + "×" + k);
            Tensor inPlace = strided(arena, m, n, true).copyFrom(residual);
            Epilogue added = Epilogue.biasResidual(epilogue.bias(), epilogue.scale(), inPlace);
            workers.run(w -> Gemm.multiply(inPlace, at, packed, added, m, workspace, w));
            assertSameBits(expected, inPlace.toArray(), m + "×" + n + "×" + k + " added to C");
        }
    }

    /**
     * Computes two products in a row, the second from the result of the first. The bits are the same whether that result is packed directly or
     * written to a tensor.
     */
    @Property(tries = 200)
    void packedRowsGiveTheSameBits(@ForAll @IntRange(min = 0, max = 50) int m, @ForAll @IntRange(min = 1, max = 50) int n,
            @ForAll @IntRange(min = 0, max = 5) int more, @ForAll @IntRange(min = 1, max = 4) int threads, @ForAll long seed) {
        SplittableRandom random = new SplittableRandom(seed);
        int k = 1 + random.nextInt(40);
        int wide = random.nextInt(8) == 0 ? MicroKernel.ROW + n : n; // sometimes more than one block of k
        float[] a = random(random, m * k, false);
        try (TensorArena arena = TensorArena.open(); Workers workers = Workers.of(threads)) {
            Tensor at = arena.allocate(m, k).copyFrom(a);
            PackedMatrix first = PackedMatrix.allocate(arena, wide, k).packRows(random(random, wide * k, false));
            PackedMatrix second = PackedMatrix.allocate(arena, 9, wide).packRows(random(random, 9 * wide, false));
            Epilogue gelu = Epilogue.biasGelu(arena.allocate(wide).copyFrom(random(random, wide, false)), GeluKind.ERF);
            GemmWorkspace workspace = GemmWorkspace.allocate(arena, m, Math.max(k, wide), threads);
            Tensor hidden = arena.allocate(m, wide);
            Tensor expected = arena.allocate(m, 9);
            workers.run(w -> {
                Gemm.multiply(hidden, at, first, gelu, m, workspace, w);
                w.barrier();
                Gemm.multiply(expected, hidden, second, Epilogue.NONE, m, workspace, w);
            });
            PackedRows input = PackedRows.allocate(arena, m + more, k);
            PackedRows packed = PackedRows.allocate(arena, m + more, wide);
            Arrays.fill(packed.values(), Float.NaN); // as an earlier product may have left it
            input.write(at.toDoubles(), m);
            Tensor actual = arena.allocate(m, 9);
            workers.run(w -> {
                Gemm.multiply(packed, input, first, gelu, m, workspace, w);
                w.barrier();
                Gemm.multiply(actual, packed, second, Epilogue.NONE, m, workspace, w);
            });
            assertSameBits(expected.toArray(), actual.toArray(), m + "×" + wide + "×" + k);
            assertArrayEquals(hidden.toDoubles(), packed.read(m));
        }
    }

    /**
     * One to five blocks of rows that are packed one after the other are compared with rows that are packed beforehand. The workspace may be planned
     * for more.
     */
    @Property(tries = 40)
    void rowsInBlocksGiveTheBitsOfPackedRows(@ForAll @IntRange(min = 200, max = 1000) int m, @ForAll @IntRange(min = 1, max = 140) int n,
            @ForAll @IntRange(min = 1, max = 20) int k, @ForAll @IntRange(min = 0, max = 300) int more,
            @ForAll @IntRange(min = 1, max = 4) int threads, @ForAll long seed) {
        SplittableRandom random = new SplittableRandom(seed);
        try (TensorArena arena = TensorArena.open(); Workers workers = Workers.of(threads)) {
            Tensor a = arena.allocate(m, k).copyFrom(random(random, m * k, false));
            PackedMatrix b = PackedMatrix.allocate(arena, n, k).packRows(random(random, n * k, false));
            Tensor residual = arena.allocate(m, n).copyFrom(random(random, m * n, false));
            Epilogue epilogue = Epilogue.biasResidual(arena.allocate(n).copyFrom(random(random, n, false)), null, residual);
            GemmWorkspace workspace = GemmWorkspace.allocate(arena, m + more, k, threads);
            Tensor c = arena.allocate(m, n).fill(Float.NaN);
            Tensor again = arena.allocate(m, n).fill(Float.NaN);
            Tensor expected = arena.allocate(m, n);
            PackedRows packed = PackedRows.allocate(arena, m, k);
            packed.write(a.toDoubles(), m);
            workers.run(w -> {
                Gemm.multiply(c, a, b, epilogue, m, workspace, w);
                w.barrier();
                Gemm.multiply(again, a, b, epilogue, m, workspace, w);
                Gemm.multiply(expected, packed, b, epilogue, m, workspace, w);
            });
            assertSameBits(expected.toArray(), c.toArray(), m + " rows");
            assertSameBits(expected.toArray(), again.toArray(), m + " rows once more");
        }
    }

    @Property
    void roomForRowsGrowsWithTheirNumberAndLength(@ForAll @IntRange(min = 0, max = 3000) int m, @ForAll @IntRange(min = 1, max = 2000) int k,
            @ForAll @IntRange(min = 1, max = 2000) int more) {
        int room = GemmWorkspace.packedInput(m, k);
        assertTrue(room <= GemmWorkspace.packedInput(m + 1, k));
        assertTrue(room <= GemmWorkspace.packedInput(m, k + more), () -> m + " rows of " + k + " and of " + (k + more));
        int block = Tile.blockRows(m, k);
        assertTrue(room >= (m <= block ? 1 : 2) * GemmWorkspace.packedRows(Math.min(m, block), k));
    }

    /**
     * Computes some columns of a product, into a tensor and into packed rows. They equal those of the whole product, and the columns of other
     * panels stay as they are.
     */
    @Property(tries = 200)
    void someColumnsGiveTheBitsOfAll(@ForAll @IntRange(min = 0, max = 40) int m, @ForAll @IntRange(min = 1, max = 300) int n,
            @ForAll @IntRange(min = 1, max = 40) int k, @ForAll @IntRange(min = 1, max = 3) int threads, @ForAll long seed) {
        SplittableRandom random = new SplittableRandom(seed);
        int from = random.nextInt(n + 1);
        int to = from + random.nextInt(n - from + 1);
        try (TensorArena arena = TensorArena.open(); Workers workers = Workers.of(threads)) {
            Tensor a = arena.allocate(m, k).copyFrom(random(random, m * k, false));
            PackedMatrix b = PackedMatrix.allocate(arena, n, k).packRows(random(random, n * k, false));
            Epilogue bias = Epilogue.bias(arena.allocate(n).copyFrom(random(random, n, false)));
            GemmWorkspace workspace = GemmWorkspace.allocate(arena, m, k, threads);
            PackedRows packedA = PackedRows.allocate(arena, m, k);
            packedA.write(a.toDoubles(), m);
            Tensor all = arena.allocate(m, n);
            Tensor some = arena.allocate(m, n).fill(7);
            PackedRows packed = PackedRows.allocate(arena, m, n);
            Arrays.fill(packed.values(), 7);
            workers.run(w -> {
                Gemm.multiply(all, a, b, bias, m, workspace, w);
                w.barrier();
                Gemm.multiplyColumns(some, a, b, bias, m, from, to, workspace, w);
                Gemm.multiplyColumns(packed, packedA, b, bias, m, from, to, workspace, w);
            });
            double[] asked = all.toDoubles();
            double[] toTensor = some.toDoubles();
            double[] toPacked = packed.read(m);
            int firstPanel = from / Tile.COLUMNS * Tile.COLUMNS;
            int endPanel = Tile.panels(to) * Tile.COLUMNS;
            for (int i = 0; i < asked.length; i++) {
                int column = i % n;
                boolean beside = column < firstPanel || column >= endPanel;
                if (beside || column >= from && column < to) {
                    assertEquals(beside ? 7 : asked[i], toTensor[i], "tensor, column " + column);
                    assertEquals(beside ? 7 : asked[i], toPacked[i], "packed rows, column " + column);
                }
            }
        }
    }

    /** dW += dYᵀ·X, one chain that begins at dW, with the rows ascending. */
    private static float[] outerChain(float[] dw, float[] dy, float[] x, int m, int n, int k) {
        float[] result = dw.clone();
        for (int row = 0; row < n; row++) {
            for (int column = 0; column < k; column++) {
                for (int i = 0; i < m; i++) {
                    result[row * k + column] = Math.fma(x[i * k + column], dy[i * n + row], result[row * k + column]);
                }
            }
        }
        return result;
    }

    @Property
    void outerProductEqualsScalarFmaChainFromTheGradientOn(@ForAll @IntRange(min = 0, max = 50) int m,
            @ForAll @IntRange(min = 1, max = 50) int n, @ForAll @IntRange(min = 1, max = 50) int k, @ForAll boolean special,
            @ForAll long seed) {
        SplittableRandom random = new SplittableRandom(seed);
        float[] dw = random(random, n * k, special);
        float[] dy = random(random, m * n, special);
        float[] x = random(random, m * k, special);
        int threads = 1 + random.nextInt(4);
        try (TensorArena arena = TensorArena.open(); Workers workers = Workers.of(threads)) {
            Tensor dyt = strided(arena, m, n, true).copyFrom(dy);
            Tensor xt = strided(arena, m, k, true).copyFrom(x);
            PackedMatrix packed = PackedMatrix.allocate(arena, n, k).packRows(dw);
            GemmWorkspace workspace = GemmWorkspace.allocateForLayer(arena, m, n, k, threads);
            workers.run(w -> Gemm.outer(packed, true, dyt, xt, m, workspace, w));
            float[] actual = new float[n * k];
            packed.unpackRows(actual);
            assertSameBits(outerChain(dw, dy, x, m, n, k), actual, m + "×" + n + "×" + k);
        }
    }

    @Test
    void longOuterProductContinuesTheChainOverBlocks() {
        SplittableRandom random = new SplittableRandom(5);
        int m = Tile.DEPTH + 7;
        int n = Tile.COLUMNS + 1;
        int k = Tile.BLOCK_ROWS + 3;
        float[] dw = random(random, n * k, false);
        float[] dy = random(random, m * n, false);
        float[] x = random(random, m * k, false);
        try (TensorArena arena = TensorArena.open(); Workers workers = Workers.of(2)) {
            Tensor dyt = arena.allocate(m, n).copyFrom(dy);
            Tensor xt = arena.allocate(m, k).copyFrom(x);
            PackedMatrix packed = PackedMatrix.allocate(arena, n, k).packRows(dw);
            GemmWorkspace workspace = GemmWorkspace.allocateForLayer(arena, m, n, k, 2);
            workers.run(w -> Gemm.outer(packed, true, dyt, xt, m, workspace, w));
            float[] actual = new float[n * k];
            packed.unpackRows(actual);
            assertSameBits(outerChain(dw, dy, x, m, n, k), actual, m + "×" + n + "×" + k);
        }
    }

    @Property(tries = 1)
    void aGradientOfNoRowsThatIsNotAddedIsZero() {
        try (TensorArena arena = TensorArena.open(); Workers workers = Workers.of(2)) {
            float[] before = new float[5 * 7];
            Arrays.fill(before, Float.NaN);
            PackedMatrix dw = PackedMatrix.allocate(arena, 5, 7).packRows(before);
            GemmWorkspace workspace = GemmWorkspace.allocateForLayer(arena, 1, 5, 7, 2);
            workers.run(w -> Gemm.outer(dw, false, arena.allocate(1, 5), arena.allocate(1, 7), 0, workspace, w));
            float[] sums = new float[5 * 7];
            dw.unpackRows(sums);
            assertSameBits(new float[5 * 7], sums, "no rows");
        }
    }

    /** Rows are rounded up to whole iterations of the kernel. What is added must not turn a sum of −0 into +0. */
    @Property(tries = 20)
    void aSumOfNegativeZerosStaysNegative(@ForAll @IntRange(min = 1, max = 20) int m) {
        int n = 5;
        int k = 7;
        try (TensorArena arena = TensorArena.open(); Workers workers = Workers.of(1)) {
            float[] negativeZeros = new float[n * k];
            Arrays.fill(negativeZeros, -0f);
            PackedMatrix dw = PackedMatrix.allocate(arena, n, k).packRows(negativeZeros);
            Tensor dy = arena.allocate(m, n);
            Tensor x = arena.allocate(m, k).fill(-0f);
            GemmWorkspace workspace = GemmWorkspace.allocateForLayer(arena, m, n, k, 1);
            workers.run(w -> Gemm.outer(dw, true, dy, x, m, workspace, w));
            float[] sums = new float[n * k];
            dw.unpackRows(sums);
            assertSameBits(negativeZeros, sums, m + " rows");
        }
    }

    @Property
    void transposedMatrixHoldsTheSameElements(@ForAll @IntRange(min = 1, max = 50) int n, @ForAll @IntRange(min = 1, max = 50) int k,
            @ForAll long seed) {
        try (TensorArena arena = TensorArena.open(); Workers workers = Workers.of(2)) {
            PackedMatrix packed = PackedMatrix.allocate(arena, n, k).packRows(random(new SplittableRandom(seed), n * k, false));
            PackedMatrix transposed = PackedMatrix.allocate(arena, k, n);
            GemmWorkspace workspace = GemmWorkspace.allocateForLayer(arena, 1, n, k, 2);
            workers.run(w -> transposed.packTransposed(packed, workspace, w));
            for (int i = 0; i < n; i++) {
                for (int j = 0; j < k; j++) {
                    assertEquals(packed.get(i, j), transposed.get(j, i), "(" + i + ", " + j + ")");
                }
            }
        }
    }

    @Property(tries = 60)
    void referenceBackwardIsTheGradientOfForward(@ForAll @IntRange(min = 1, max = 6) int m,
            @ForAll @IntRange(min = 1, max = 7) int n, @ForAll @IntRange(min = 1, max = 8) int k, @ForAll Random random) {
        double[] a = Gradients.random(random, m * k);
        double[] b = Gradients.random(random, n * k);
        double[] dc = Gradients.random(random, m * n);
        double[] da = new double[m * k];
        double[] db = new double[n * k];
        GRADIENTS.backward(() -> GemmReference.backward(da, db, dc, a, b, m, n, k), da, db);
        DoubleSupplier loss = () -> {
            double[] c = new double[m * n];
            GemmReference.multiply(c, a, b, m, n, k);
            return Gradients.dot(dc, c);
        };
        GRADIENTS.gradient("da", a, da, loss);
        GRADIENTS.gradient("db", b, db, loss);
        GRADIENTS.passed(m, n, k);
    }

    @Test
    void gapsBetweenRowsAreLeftAlone() {
        try (TensorArena arena = TensorArena.open(); Workers workers = Workers.of(1)) {
            int m = 5;
            int n = Tile.COLUMNS + 1;
            Tensor memory = arena.allocate(m * (n + 7)).fill(42);
            Tensor c = Tensor.of(memory.segment(), Shape.of(m, n), n + 7);
            Tensor a = arena.allocate(m, 3);
            PackedMatrix packed = PackedMatrix.allocate(arena, n, 3);
            GemmWorkspace workspace = GemmWorkspace.allocate(arena, m, 3, 1);
            workers.run(w -> Gemm.multiply(c, a, packed, Epilogue.NONE, m, workspace, w));
            for (int i = 0; i < m * (n + 7); i++) {
                assertEquals(i % (n + 7) < n ? 0f : 42f, memory.get(0, i), "element " + i);
            }
        }
    }

    @Test
    void packedMatrixGivesItsElementsBack() {
        try (TensorArena arena = TensorArena.open()) {
            float[] weight = random(new SplittableRandom(4), 37 * 11, false);
            PackedMatrix packed = PackedMatrix.allocate(arena, 37, 11).packRows(weight);
            for (int i = 0; i < weight.length; i++) {
                assertEquals(weight[i], packed.get(i / 11, i % 11));
            }
        }
    }

    @Property(tries = 200)
    void packedInMemoryOfItsOwnIsTheSame(@ForAll @IntRange(min = 0, max = 70) int n, @ForAll @IntRange(min = 0, max = 200) int k,
            @ForAll long seed) {
        try (TensorArena arena = TensorArena.open(); TensorArena counting = TensorArena.counting()) {
            float[] weight = random(new SplittableRandom(seed), n * k, false);
            float[] scratch = random(new SplittableRandom(seed + 1), PackedMatrix.scratch(n, k), false);
            PackedMatrix expected = PackedMatrix.allocate(arena, n, k).packRows(weight);
            long before = arena.bytes();
            PackedMatrix packed = PackedMatrix.pack(arena, n, k, weight, scratch);
            assertArrayEquals(expected.elements().toArray(), packed.elements().toArray());
            assertEquals(0, packed.elements().segment().address() % TensorArena.ALIGNMENT);
            PackedMatrix.pack(counting, n, k, weight, scratch);
            assertEquals(arena.bytes() - before, counting.bytes());
            assertTrue(packed.wasFinite());
            if (n * k > 0) {
                weight[new SplittableRandom(seed).nextInt(n * k)] = seed % 3 == 0 ? Float.NaN : seed % 3 == 1 ? Float.POSITIVE_INFINITY : Float.NEGATIVE_INFINITY;
                assertFalse(PackedMatrix.pack(arena, n, k, weight, scratch).wasFinite());
            }
        }
    }

    @Test
    void packingWantsWholeArrays() {
        try (TensorArena arena = TensorArena.open()) {
            int scratch = PackedMatrix.scratch(7, 5);
            refused("a matrix of 7 by 5 from 34", () -> PackedMatrix.pack(arena, 7, 5, new float[34], new float[scratch]));
            refused("scratch of " + (scratch - 1), () -> PackedMatrix.pack(arena, 7, 5, new float[35], new float[scratch - 1]));
        }
    }

    @Test
    void shapesThatDoNotFitAreRefusedByName() {
        try (TensorArena arena = TensorArena.open(); Workers workers = Workers.of(2)) {
            Tensor a = arena.allocate(4, 5);
            Tensor c = arena.allocate(4, 6);
            PackedMatrix b = PackedMatrix.allocate(arena, 6, 5);
            GemmWorkspace workspace = GemmWorkspace.allocate(arena, 4, 5, 2);
            GemmWorkspace small = GemmWorkspace.allocate(arena, 1, 5, 1);
            refused("a (4, 5)", () -> workers.run(w -> Gemm.multiply(c, a, b, Epilogue.NONE, 5, workspace, w)));
            refused("c (4, 5)", () -> workers.run(w -> Gemm.multiply(a, a, b, Epilogue.NONE, 4, workspace, w)));
            refused("workspace", () -> workers.run(w -> Gemm.multiply(c, a, b, Epilogue.NONE, 4, small, w)));
            refused("bias (5)", () -> workers.run(
                    w -> Gemm.multiply(c, a, b, Epilogue.bias(arena.allocate(5)), 4, workspace, w)));
            Tensor shifted = Tensor.of(c.segment().asSlice(Float.BYTES), c.shape(), c.columns());
            refused("residual", () -> workers.run(
                    w -> Gemm.multiply(c, a, b, Epilogue.biasResidual(null, null, shifted), 4, workspace, w)));
            PackedRows rows = PackedRows.allocate(arena, 4, 5);
            refused("a (4, 5)", () -> workers.run(w -> Gemm.multiply(c, rows, b, Epilogue.NONE, 5, workspace, w)));
            refused("c (4, 5)", () -> workers.run(w -> Gemm.multiply(rows, rows, b, Epilogue.NONE, 4, workspace, w)));
            PackedRows products = PackedRows.allocate(arena, 4, 6);
            refused("columns 2 to 7", () -> workers.run(
                    w -> Gemm.multiplyColumns(products, rows, b, Epilogue.NONE, 4, 2, 7, workspace, w)));
            refused("no residual", () -> workers.run(
                    w -> Gemm.multiply(products, rows, b, Epilogue.biasResidual(null, null, c), 4, workspace, w)));
        }
    }

    private static void refused(String part, Runnable call) {
        IllegalArgumentException thrown = assertThrows(IllegalArgumentException.class, call::run);
        assertTrue(thrown.getMessage().contains(part), thrown.getMessage());
    }
}
