package vit.kernels.attention;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import java.util.Random;
import java.util.function.DoubleSupplier;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;
import net.jqwik.api.lifecycle.AfterContainer;
import org.junit.jupiter.api.Test;
import vit.kernels.contract.Doubles;
import vit.kernels.tensor.Tensor;
import vit.kernels.tensor.TensorArena;
import vit.kernels.verify.Comparison;
import vit.kernels.verify.GradientCheck;
import vit.kernels.verify.Gradients;
import vit.kernels.verify.GuardedTensor;
import vit.kernels.verify.Teams;
import vit.kernels.verify.catalogue.AttentionTruth;

/** The relative position bias: the copy of a table and its gradient against plain loops, bit for bit, and against {@link RelativeBiasReference}. */
class RelativeBiasTest {

    private static final Comparison SCATTER = new Comparison("relative bias dtable");
    private static final GradientCheck GRADIENTS = new GradientCheck("relative bias");

    @AfterContainer
    static void printWorstErrors() {
        SCATTER.print();
        GRADIENTS.print();
    }

    @Property(tries = 100)
    void gatherCopiesTheEntryOfEveryPair(@ForAll @IntRange(min = 1, max = 23) int tokens, @ForAll @IntRange(min = 1, max = 5) int heads,
            @ForAll @IntRange(min = 1, max = 60) int entries, @ForAll @IntRange(min = 0, max = 5) int gap, @ForAll Random random) {
        BiasIndex index = BiasIndex.of(random.ints(tokens * tokens, 0, entries).toArray(), tokens, entries);
        try (TensorArena arena = TensorArena.open()) {
            Tensor table = GuardedTensor.of(arena, 3, gap, entries, heads).special(random).tensor();
            float[] actual = Teams.sameBitsAtAnyThreadCount(threads -> {
                GuardedTensor bias = GuardedTensor.of(arena, gap, gap, heads * tokens, tokens);
                Teams.run(threads, w -> RelativeBias.gather(bias.tensor(), table, index, w));
                bias.assertGuardsIntact("bias");
                return bias.tensor().toArray();
            });
            double[] expected = new double[heads * tokens * tokens];
            RelativeBiasReference.gather(expected, Doubles.read(table), index, heads, tokens);
            for (int i = 0; i < expected.length; i++) {
                assertEquals(expected[i], actual[i], "element " + i);
            }
        }
    }

    /** Patches of a grid after some tokens without a place in it, as models have them: most elements are copies of others. */
    @Property(tries = 200)
    void gatherCopiesTheEntryOfEveryPairOfAGrid(@ForAll @IntRange(min = 1, max = 6) int height, @ForAll @IntRange(min = 1, max = 6) int width,
            @ForAll @IntRange(min = 0, max = 2) int before, @ForAll @IntRange(min = 0, max = 3) int damaged, @ForAll @IntRange(min = 1, max = 4) int heads,
            @ForAll @IntRange(min = 0, max = 5) int gap, @ForAll Random random) {
        int tokens = before + height * width;
        int entries = (2 * height - 1) * (2 * width - 1) + 3;
        int[] grid = grid(height, width, before);
        for (int i = 0; i < damaged; i++) {
            grid[random.nextInt(grid.length)] = random.nextInt(entries);
        }
        BiasIndex index = BiasIndex.of(grid, tokens, entries);
        if (damaged == 0 && height > 1) {
            assertEquals(width, index.lag());
            assertEquals(before + width, index.repeatsFrom(tokens - 1));
        }
        try (TensorArena arena = TensorArena.open()) {
            Tensor table = GuardedTensor.of(arena, 3, gap, entries, heads).special(random).tensor();
            float[] actual = Teams.sameBitsAtAnyThreadCount(threads -> {
                GuardedTensor bias = GuardedTensor.of(arena, gap, gap, heads * tokens, tokens);
                Teams.run(threads, w -> RelativeBias.gather(bias.tensor(), table, index, w));
                bias.assertGuardsIntact("bias");
                return bias.tensor().toArray();
            });
            for (int h = 0; h < heads; h++) {
                for (int ij = 0; ij < grid.length; ij++) {
                    assertEquals(table.get(grid[ij], h), actual[h * grid.length + ij], "element " + ij + " of head " + h);
                }
            }
        }
    }

    /** The offset of every key from every query in a grid, and three entries for pairs with a token before it. */
    private static int[] grid(int height, int width, int before) {
        int tokens = before + height * width;
        int offsets = (2 * height - 1) * (2 * width - 1);
        int[] index = new int[tokens * tokens];
        for (int i = 0; i < tokens; i++) {
            for (int j = 0; j < tokens; j++) {
                int q = i - before;
                int k = j - before;
                index[i * tokens + j] = q < 0 ? k < 0 ? offsets : offsets + 1 : k < 0 ? offsets + 2
                        : (q / width - k / width + height - 1) * (2 * width - 1) + q % width - k % width + width - 1;
            }
        }
        return index;
    }

    @Property(tries = 100)
    void scatterIsOneChainInTheOrderOfThePairs(@ForAll @IntRange(min = 1, max = 23) int tokens, @ForAll @IntRange(min = 1, max = 5) int heads,
            @ForAll @IntRange(min = 1, max = 60) int entries, @ForAll @IntRange(min = 0, max = 5) int gap, @ForAll Random random) {
        BiasIndex index = BiasIndex.of(random.ints(tokens * tokens, 0, entries).toArray(), tokens, entries);
        try (TensorArena arena = TensorArena.open()) {
            Tensor dbias = GuardedTensor.of(arena, 3, gap, heads * tokens, tokens).random(random, 2).tensor();
            Tensor before = GuardedTensor.of(arena, 1, 0, entries, heads).random(random, 2).tensor();
            float[] actual = Teams.sameBitsAtAnyThreadCount(threads -> {
                GuardedTensor dtable = GuardedTensor.of(arena, gap, gap, entries, heads);
                dtable.tensor().copyFrom(before.toArray());
                Teams.run(threads, w -> RelativeBias.scatter(dtable.tensor(), dbias, index, w));
                dtable.assertGuardsIntact("dtable");
                return dtable.tensor().toArray();
            });
            double[] reference = Doubles.read(before);
            RelativeBiasReference.scatter(reference, Doubles.read(dbias), index, heads, tokens);
            float[] chain = before.toArray();
            double[] size = new double[chain.length];
            int[] terms = new int[chain.length];
            for (int h = 0; h < heads; h++) {
                for (int ij = 0; ij < tokens * tokens; ij++) {
                    int at = index.entry(ij) * heads + h;
                    float term = dbias.get(h * tokens + ij / tokens, ij % tokens);
                    chain[at] += term;
                    size[at] += Math.abs(term);
                    terms[at]++;
                }
            }
            Teams.assertSameBits(chain, actual, "chain");
            for (int i = 0; i < chain.length; i++) {
                SCATTER.add(i, reference[i], actual[i],
                        AttentionTruth.gamma(terms[i]) * (size[i] + Math.abs(before.get(i / heads, i % heads))));
            }
        }
    }

    @Property(tries = 60)
    void referenceScatterIsTheGradientOfGather(@ForAll @IntRange(min = 1, max = 6) int tokens, @ForAll @IntRange(min = 1, max = 4) int heads,
            @ForAll @IntRange(min = 1, max = 9) int entries, @ForAll Random random) {
        BiasIndex index = BiasIndex.of(random.ints(tokens * tokens, 0, entries).toArray(), tokens, entries);
        double[] table = Gradients.random(random, entries * heads);
        double[] upstream = Gradients.random(random, heads * tokens * tokens);
        double[] bias = new double[upstream.length];
        double[] dtable = new double[table.length];
        GRADIENTS.backward(() -> RelativeBiasReference.scatter(dtable, upstream, index, heads, tokens), dtable);
        DoubleSupplier loss = () -> {
            RelativeBiasReference.gather(bias, table, index, heads, tokens);
            return Gradients.dot(upstream, bias);
        };
        GRADIENTS.gradient("dtable", table, dtable, loss);
        GRADIENTS.passed(tokens, heads, entries);
    }

    @Test
    void wrongShapesAndEntriesAreNamed() {
        try (TensorArena arena = TensorArena.open()) {
            Tensor table = arena.allocate(5, 2);
            Tensor bias = arena.allocate(6, 3);
            int[] entries = {0, 1, 2, 3, 4, 0, 1, 2, 3};
            BiasIndex index = BiasIndex.of(entries, 3, 5);
            Teams.run(2, w -> RelativeBias.gather(bias, table, index, w));
            assertMessage("bias: expected 6 rows of 3 columns, found shape (6, 4), 6 rows of 4",
                    () -> Teams.run(1, w -> RelativeBias.gather(arena.allocate(6, 4), table, index, w)));
            assertMessage("the rows of the table: expected 5 to 5, found 4",
                    () -> Teams.run(1, w -> RelativeBias.gather(bias, arena.allocate(4, 2), index, w)));
            assertMessage("dbias: expected 6 rows of 3 columns, found shape (6, 4), 6 rows of 4",
                    () -> Teams.run(1, w -> RelativeBias.scatter(table, arena.allocate(6, 4), index, w)));
            assertMessage("the length of index: expected 9 to 9, found 8", () -> BiasIndex.of(new int[8], 3, 5));
            assertMessage("tokens: expected 1 to 2147483647, found 0", () -> BiasIndex.of(new int[0], 0, 5));
            assertMessage("entries: expected 1 to 2147483647, found 0", () -> BiasIndex.of(new int[1], 1, 0));
            entries[5] = 5;
            assertMessage("index of query 1 and key 2: expected 0 to 4, found 5", () -> BiasIndex.of(entries, 3, 5));
            entries[5] = -1;
            assertMessage("index of query 1 and key 2: expected 0 to 4, found -1", () -> BiasIndex.of(entries, 3, 5));
        }
    }

    private static void assertMessage(String expected, org.junit.jupiter.api.function.Executable call) {
        assertEquals(expected, assertThrows(IllegalArgumentException.class, call).getMessage());
    }
}
