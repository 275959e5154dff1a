package vit.kernels.tokenmerge;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.Arrays;
import java.util.Random;
import java.util.stream.IntStream;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;
import net.jqwik.api.lifecycle.AfterContainer;
import org.junit.jupiter.api.Test;
import vit.kernels.gemm.PackedRows;
import vit.kernels.parallel.Worker;
import vit.kernels.simd.Log;
import vit.kernels.tensor.Tensor;
import vit.kernels.tensor.TensorArena;
import vit.kernels.verify.GradientCheck;
import vit.kernels.verify.Gradients;
import vit.kernels.verify.GuardedTensor;
import vit.kernels.verify.Teams;

/**
 * Token merging: a matching made by hand, what every matching must satisfy, the order of equal similarities, and tokens that take no part. The catalogue of
 * {@code vit verify} compares with the double reference, whose gradient is compared with central differences here.
 */
class TokenMergeTest {

    /** More than the error of a cosine of a few dozen elements, in float. */
    private static final double TOLERANCE = 1e-5;

    private static final GradientCheck GRADIENTS = new GradientCheck("tokenmerge");

    @AfterContainer
    static void printWorstErrors() {
        GRADIENTS.print();
    }

    /** The keys of some images, and how they are merged. */
    private record Problem(int batch, int tokens, int heads, int headDim, int prefix, int merged, float[] keys) {

        static Problem random(int batch, int tokens, int heads, int headDim, int prefix, Random random) {
            int most = TokenMerge.most(tokens, prefix);
            float[] keys = new float[batch * tokens * heads * headDim];
            boolean coarse = random.nextBoolean(); // then many keys are equal
            for (int i = 0; i < keys.length; i++) {
                keys[i] = coarse ? random.nextInt(3) - 1 : (float) random.nextGaussian();
            }
            return new Problem(batch, tokens, heads, headDim, prefix, most == 0 ? 0 : random.nextInt(most + 1), keys);
        }

        int inner() {
            return heads * headDim;
        }

        /** Queries and values must not matter: they are random. */
        Tensor qkv(TensorArena arena, int gap) {
            Tensor qkv = GuardedTensor.of(arena, 1, gap, batch * tokens, 3 * inner()).random(new Random(1), 3).tensor();
            for (int row = 0; row < batch * tokens; row++) {
                for (int i = 0; i < inner(); i++) {
                    qkv.set(row, inner() + i, keys[row * inner() + i]);
                }
            }
            return qkv;
        }

        double[] keys(int image) {
            double[] ofImage = new double[tokens * inner()];
            Arrays.setAll(ofImage, i -> keys[image * tokens * inner() + i]);
            return ofImage;
        }

        int[][] match(Tensor qkv, int threads) {
            return match((groups, workspace, w) -> TokenMerge.match(groups, qkv, batch, tokens, heads, prefix, merged, workspace, w), threads);
        }

        int[][] match(PackedRows qkv, int threads) {
            return match((groups, workspace, w) -> TokenMerge.match(groups, qkv, batch, tokens, heads, prefix, merged, workspace, w), threads);
        }

        @FunctionalInterface
        private interface Matching {
            void run(TokenGroups groups, TokenMergeWorkspace workspace, Worker w);
        }

        private int[][] match(Matching matching, int threads) {
            try (TensorArena arena = TensorArena.open()) {
                TokenGroups groups = TokenGroups.allocate(arena, batch + 1, tokens + 2);
                TokenMergeWorkspace workspace = TokenMergeWorkspace.allocate(arena, tokens + 1, heads, headDim, threads);
                Teams.run(threads, w -> matching.run(groups, workspace, w));
                int[][] found = new int[batch][tokens];
                for (int b = 0; b < batch; b++) {
                    for (int t = 0; t < tokens; t++) {
                        found[b][t] = groups.group(b, t);
                    }
                }
                return found;
            }
        }
    }

    private static float[] flat(int[][] groups) {
        float[] flat = new float[groups.length * groups[0].length];
        for (int i = 0; i < flat.length; i++) {
            flat[i] = groups[i / groups[0].length][i % groups[0].length];
        }
        return flat;
    }

    /**
     * Five tokens with two heads of two elements, of which the second head is zero. Token 0 is the class token. The keys of the others:
     *
     * <pre>
     *   1: (1, 0)      2: (0.6, 0.8)      3: (0, 1)      4: (1, 1)
     *   cos(2, 1) = 0.6    cos(2, 3) = 0.8           token 2 chooses 3
     *   cos(4, 1) = √½     cos(4, 3) = √½            token 4 chooses 1, the lower index
     * </pre>
     *
     * With one merge, token 2 joins 3, because 0.8 &gt; √½, and the groups in order are {0}, {1}, {2, 3}, {4}. With two, they are {0}, {1, 4}, {2, 3}.
     */
    @Test
    void fiveTokensByHand() {
        float[] keys = {5, 5, 5, 5, 1, 0, 0, 0, 0.6f, 0.8f, 0, 0, 0, 1, 0, 0, 1, 1, 0, 0};
        try (TensorArena arena = TensorArena.open()) {
            Problem one = new Problem(1, 5, 2, 2, 1, 1, keys);
            assertArrayEquals(new int[] {0, 1, 2, 2, 3}, one.match(one.qkv(arena, 0), 1)[0]);
            Problem two = new Problem(1, 5, 2, 2, 1, 2, keys);
            assertArrayEquals(new int[] {0, 1, 2, 2, 1}, two.match(two.qkv(arena, 0), 1)[0]);
            int[] joined = new int[5];
            TokenMergeReference.match(joined, two.keys(0), 5, 2, 1, 2);
            assertArrayEquals(new int[] {0, 1, 2, 2, 1}, joined);
        }
    }

    /** The same groups, with tokens of sizes 1, 1, 2, 1, 3: {1, 4} is (1·10 + 3·2) / 4 = 4, {2, 3} is (2·6 + 1·0) / 3 = 4, of sizes 4 and 3. */
    @Test
    void theMeanIsWeightedBySize() {
        float[] keys = {5, 5, 5, 5, 1, 0, 0, 0, 0.6f, 0.8f, 0, 0, 0, 1, 0, 0, 1, 1, 0, 0};
        Problem two = new Problem(1, 5, 2, 2, 1, 2, keys);
        try (TensorArena arena = TensorArena.open()) {
            Tensor x = arena.allocate(5, 1).copyFrom(new float[] {-7, 10, 6, 0, 2});
            Tensor sizes = arena.allocate(1, 5).copyFrom(new float[] {1, 1, 2, 1, 3});
            Tensor y = arena.allocate(3, 1);
            Tensor mergedSizes = arena.allocate(1, 3);
            Tensor logSizes = arena.allocate(1, 3);
            Tensor dx = arena.allocate(5, 1);
            TokenGroups groups = TokenGroups.allocate(arena, 1, 5);
            TokenMergeWorkspace workspace = TokenMergeWorkspace.allocate(arena, 5, 2, 2, 1);
            Tensor qkv = two.qkv(arena, 0);
            Teams.run(1, w -> {
                TokenMerge.match(groups, qkv, 1, 5, 2, 1, 2, workspace, w);
                TokenMerge.forward(y, mergedSizes, logSizes, x, sizes, groups, 1, 5, 2, w);
                TokenMerge.backward(dx, arena.allocate(3, 1).copyFrom(new float[] {1, 8, 12}), mergedSizes, sizes, groups, 1, 5, 2, w);
            });
            assertArrayEquals(new float[] {-7, 4, 4}, y.toArray());
            assertArrayEquals(new float[] {1, 4, 3}, mergedSizes.toArray());
            assertArrayEquals(new float[] {0, Log.of(4), Log.of(3)}, logSizes.toArray());
            // dy · size / group's size: 1·1/1, 8·1/4, 12·2/3, 12·1/3, 8·3/4
            assertArrayEquals(new float[] {1, 2, 8, 4, 6}, dx.toArray(), 1e-6f);
        }
    }

    @Property(tries = 150)
    void whoJoinsAndWhomIsRightUpToRounding(@ForAll @IntRange(min = 1, max = 3) int batch, @ForAll @IntRange(min = 1, max = 45) int tokens,
            @ForAll @IntRange(min = 1, max = 4) int heads, @ForAll @IntRange(min = 1, max = 37) int headDim,
            @ForAll @IntRange(min = 0, max = 6) int prefix, @ForAll Random random) {
        Problem p = Problem.random(batch, tokens, heads, headDim, Math.min(prefix, tokens), random);
        try (TensorArena arena = TensorArena.open()) {
            int[][] groups = p.match(p.qkv(arena, 0), 2);
            for (int b = 0; b < batch; b++) {
                assertMatches(p, p.keys(b), groups[b]);
            }
        }
    }

    /** Every joined source is as near to its target as to any other, and no source that stayed is nearer to one. */
    private static void assertMatches(Problem p, double[] keys, int[] joined) {
        boolean[] joins = new boolean[p.tokens];
        int groups = 0;
        int joining = 0;
        for (int t = 0; t < p.tokens; t++) {
            joins[t] = t % 2 == 0 && target(p, joined, t) >= 0;
            joining += joins[t] ? 1 : 0;
            assertTrue(joins[t] || joined[t] == groups++, "token " + t + " stayed, but its place is " + joined[t]);
        }
        assertEquals(p.merged, joining);
        assertEquals(p.tokens - p.merged, Arrays.stream(joined).max().orElseThrow() + 1);
        double leastJoined = Double.POSITIVE_INFINITY;
        double mostStayed = Double.NEGATIVE_INFINITY;
        for (int a = 0; a < p.tokens; a++) {
            if (a < p.prefix || a % 2 == 1) {
                assertFalse(joins[a], "token " + a + " is no source, but joined");
                continue;
            }
            double best = Double.NEGATIVE_INFINITY;
            for (int b = 1; b < p.tokens; b += 2) {
                double cosine = TokenMergeReference.cosine(keys, a, b, p.heads, p.headDim);
                best = b >= p.prefix && cosine > best ? cosine : best;
            }
            if (joins[a]) {
                int target = target(p, joined, a);
                assertTrue(target >= p.prefix, "token " + a + " joined " + target + ", which is of the prefix");
                double cosine = TokenMergeReference.cosine(keys, a, target, p.heads, p.headDim);
                assertTrue(Double.isNaN(cosine) || cosine >= best - TOLERANCE, "token " + a + " joined " + target + " at " + cosine + ", not " + best);
                leastJoined = Math.min(leastJoined, Double.isNaN(cosine) ? -2 : cosine);
            } else {
                mostStayed = Math.max(mostStayed, best);
            }
        }
        assertTrue(leastJoined >= mostStayed - TOLERANCE || leastJoined == -2 && mostStayed == Double.NEGATIVE_INFINITY,
                "one joined at " + leastJoined + ", and one stayed at " + mostStayed);
    }

    /** The target in the group of a source, or −1. */
    private static int target(Problem p, int[] joined, int source) {
        return IntStream.range(0, p.tokens).filter(t -> t % 2 == 1 && joined[t] == joined[source]).findFirst().orElse(-1);
    }

    @Property(tries = 60)
    void theGroupsOfAnImageDependOnNothingElse(@ForAll @IntRange(min = 1, max = 4) int batch, @ForAll @IntRange(min = 1, max = 45) int tokens,
            @ForAll @IntRange(min = 1, max = 4) int heads, @ForAll @IntRange(min = 1, max = 300) int headDim,
            @ForAll @IntRange(min = 0, max = 3) int prefix, @ForAll Random random) {
        Problem p = Problem.random(batch, tokens, heads, headDim, Math.min(prefix, tokens), random);
        try (TensorArena arena = TensorArena.open()) {
            Tensor qkv = p.qkv(arena, 3);
            float[] groups = Teams.sameBitsAtAnyThreadCount(threads -> flat(p.match(qkv, threads)));
            PackedRows packed = PackedRows.allocate(arena, batch * tokens, qkv.columns());
            packed.write(qkv.toDoubles(), batch * tokens);
            Teams.assertSameBits(groups, flat(p.match(packed, 2)), "groups from packed rows");
            for (int b = 0; b < batch; b++) {
                Problem alone = new Problem(1, tokens, heads, headDim, p.prefix, p.merged, Arrays.copyOfRange(p.keys, b * tokens * p.inner(),
                        (b + 1) * tokens * p.inner()));
                Teams.assertSameBits(Arrays.copyOfRange(groups, b * tokens, (b + 1) * tokens), flat(alone.match(alone.qkv(arena, 0), 1)), "image " + b + " alone");
            }
        }
    }

    /** If all keys are equal, the sources with the lowest indices join the first target. */
    @Property(tries = 100)
    void ofEqualSimilaritiesTheLowerIndexComesFirst(@ForAll @IntRange(min = 2, max = 60) int tokens, @ForAll @IntRange(min = 0, max = 4) int prefix,
            @ForAll @IntRange(min = 1, max = 80) int headDim, @ForAll Random random) {
        int first = Math.min(prefix, tokens);
        Problem some = Problem.random(1, tokens, 1, headDim, first, random);
        float[] keys = new float[tokens * headDim];
        for (int i = 0; i < keys.length; i++) {
            keys[i] = i < headDim ? (float) random.nextGaussian() : keys[i - headDim];
        }
        Problem equal = new Problem(1, tokens, 1, headDim, first, some.merged, keys);
        boolean[] joins = new boolean[tokens];
        for (int n = 0; n < equal.merged; n++) {
            joins[first + first % 2 + 2 * n] = true;
        }
        int[] expected = new int[tokens];
        int groups = 0;
        for (int t = 0; t < tokens; t++) {
            expected[t] = joins[t] ? -1 : groups++;
        }
        int target = first + 1 - first % 2;
        for (int t = 0; t < tokens; t++) {
            expected[t] = joins[t] ? expected[target] : expected[t];
        }
        int[] reference = new int[tokens];
        TokenMergeReference.match(reference, equal.keys(0), tokens, 1, first, equal.merged);
        assertArrayEquals(expected, reference);
        try (TensorArena arena = TensorArena.open()) {
            assertArrayEquals(expected, equal.match(equal.qkv(arena, 0), 1)[0]);
        }
    }

    /** A source with a NaN, or with a key of zeros, joins last; a target with one is chosen last. */
    @Property(tries = 100)
    void whatHasNoDirectionComesLast(@ForAll @IntRange(min = 4, max = 40) int tokens, @ForAll @IntRange(min = 2, max = 40) int headDim, @ForAll Random random) {
        float[] keys = Problem.random(1, tokens, 1, headDim, 0, random).keys;
        for (int i = 0; i < keys.length; i++) {
            keys[i] = (float) random.nextGaussian();
        }
        int lost = random.nextInt(tokens);
        if (random.nextBoolean()) {
            keys[lost * headDim + random.nextInt(headDim)] = Float.NaN;
        } else {
            Arrays.fill(keys, lost * headDim, (lost + 1) * headDim, 0f);
        }
        int all = TokenMerge.most(tokens, 0);
        int merged = lost % 2 == 0 ? (tokens + 1) / 2 - 1 : all; // all sources but one, or all
        Problem p = new Problem(1, tokens, 1, headDim, 0, Math.min(merged, all), keys);
        int[] reference = new int[tokens];
        TokenMergeReference.match(reference, p.keys(0), tokens, 1, 0, p.merged);
        try (TensorArena arena = TensorArena.open()) {
            int[] joined = p.match(p.qkv(arena, 0), 1)[0];
            for (int[] found : new int[][] {joined, reference}) {
                long members = Arrays.stream(found).filter(group -> group == found[lost]).count();
                assertEquals(1, members, "token " + lost + " of " + tokens + ": " + Arrays.toString(found));
            }
        }
    }

    @Property(tries = 100)
    void sizesSumToTheTokensAndLoneTokensKeepTheirBits(@ForAll @IntRange(min = 1, max = 3) int batch, @ForAll @IntRange(min = 1, max = 40) int tokens,
            @ForAll @IntRange(min = 1, max = 70) int columns, @ForAll @IntRange(min = 0, max = 3) int prefix, @ForAll Random random) {
        Problem p = Problem.random(batch, tokens, 2, 9, Math.min(prefix, tokens), random);
        int each = tokens - p.merged;
        try (TensorArena arena = TensorArena.open()) {
            Tensor qkv = p.qkv(arena, 0);
            Tensor x = GuardedTensor.of(arena, 1, 2, batch * tokens, columns).special(random).tensor();
            Tensor sizes = arena.allocate(batch, tokens).fill(1);
            TokenGroups groups = TokenGroups.allocate(arena, batch, tokens);
            TokenMergeWorkspace workspace = TokenMergeWorkspace.allocate(arena, tokens, 2, 9, 1);
            Teams.run(1, w -> TokenMerge.match(groups, qkv, batch, tokens, 2, p.prefix, p.merged, workspace, w));
            Tensor merged = arena.allocate(batch, each);
            float[] rows = Teams.sameBitsAtAnyThreadCount(threads -> {
                GuardedTensor y = GuardedTensor.of(arena, 3, 1, batch * each, columns);
                Teams.run(threads, w -> TokenMerge.forward(y.tensor(), merged, arena.allocate(batch, each), x, sizes, groups, batch, tokens, p.merged, w));
                y.assertGuardsIntact("y");
                return y.tensor().toArray();
            });
            int[] places = new int[batch * tokens];
            Arrays.setAll(places, i -> i % tokens);
            Teams.run(2, w -> groups.follow(places, tokens, batch, w));
            for (int b = 0; b < batch; b++) {
                float sum = 0;
                for (int g = 0; g < each; g++) {
                    sum += merged.get(b, g);
                }
                assertEquals(tokens, sum);
                for (int t = 0; t < tokens; t++) {
                    int group = groups.group(b, t);
                    assertEquals(group, places[b * tokens + t]);
                    if (merged.get(b, group) == 1) {
                        Teams.assertSameBits(x.rows(b * tokens + t, b * tokens + t + 1).toArray(),
                                Arrays.copyOfRange(rows, (b * each + group) * columns, (b * each + group + 1) * columns), "token " + t);
                    }
                    assertTrue(t >= p.prefix || merged.get(b, group) == 1, "token " + t + " of the prefix has company");
                }
            }
        }
    }

    @Property(tries = 60)
    void gradientOfTheReferenceMatchesCentralDifferences(@ForAll @IntRange(min = 1, max = 9) int tokens, @ForAll @IntRange(min = 1, max = 4) int columns,
            @ForAll Random random) {
        Problem p = Problem.random(1, tokens, 1, 5, 0, random);
        int each = tokens - p.merged;
        int[] joined = new int[tokens];
        TokenMergeReference.match(joined, p.keys(0), tokens, 1, 0, p.merged);
        double[] x = Gradients.random(random, tokens * columns);
        double[] sizes = random.ints(tokens, 1, 6).asDoubleStream().toArray();
        double[] dy = Gradients.random(random, each * columns);
        double[] dx = new double[x.length];
        double[] y = new double[dy.length];
        GRADIENTS.backward(() -> TokenMergeReference.backward(dx, dy, sizes, joined, each), dx);
        GRADIENTS.gradient("dx", x, dx, () -> {
            TokenMergeReference.forward(y, new double[each], x, sizes, joined, each);
            return Gradients.dot(dy, y);
        });
        GRADIENTS.passed(tokens, columns, each);
    }

    @Test
    void refusesWhatDoesNotFit() {
        try (TensorArena arena = TensorArena.open()) {
            Tensor qkv = arena.allocate(9, 18);
            TokenGroups groups = TokenGroups.allocate(arena, 1, 9);
            TokenMergeWorkspace workspace = TokenMergeWorkspace.allocate(arena, 9, 2, 3, 1);
            assertRefused("merged: expected 0 to 4, found 5", () -> Teams.run(1, w -> TokenMerge.match(groups, qkv, 1, 9, 2, 1, 5, workspace, w)));
            assertRefused("tokens: expected 1 to 9, found 10",
                    () -> Teams.run(1, w -> TokenMerge.match(groups, arena.allocate(10, 18), 1, 10, 2, 1, 1, workspace, w)));
            assertRefused("the workspace is planned for 9 tokens, 2 heads of 3, 1 workers; needed are 9, 3 of 2, 1",
                    () -> Teams.run(1, w -> TokenMerge.match(groups, qkv, 1, 9, 3, 1, 1, workspace, w)));
            assertRefused("qkv (9, 18) does not hold three matrices of 4 heads for 1 images of 9 tokens",
                    () -> Teams.run(1, w -> TokenMerge.match(groups, qkv, 1, 9, 4, 1, 1, workspace, w)));
            assertRefused("y: expected at least 8 rows of 5 columns, found shape (7, 5), 7 rows of 5", () -> Teams.run(1, w -> TokenMerge.forward(
                    arena.allocate(7, 5), arena.allocate(1, 8), arena.allocate(1, 8), arena.allocate(9, 5), arena.allocate(1, 9), groups, 1, 9, 1, w)));
        }
    }

    private static void assertRefused(String message, Runnable call) {
        assertEquals(message, assertThrows(IllegalArgumentException.class, call::run).getMessage());
    }
}
