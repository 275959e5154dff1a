package vit.kernels.patchembed;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.Arrays;
import java.util.Random;
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

/**
 * Cutting images into patches against the formula of the index, and assembling tokens against the scalar reference, forward and backward. The
 * gradients of the reference are compared with central differences.
 */
class PatchEmbedTest {

    private static final Comparison PARAMETERS = new Comparison("tokens' dprefix and dpositions");
    private static final Comparison TABLES = new Comparison("axes' dcolumns and drows");
    private static final GradientCheck GRADIENTS_AXES = new GradientCheck("tokens of tables for columns and rows");
    private static final GradientCheck GRADIENTS_PATCHES = new GradientCheck("patches of an image");
    private static final GradientCheck GRADIENTS_TOKENS = new GradientCheck("tokens of patches, prefix and positions");

    @AfterContainer
    static void printWorstErrors() {
        PARAMETERS.print();
        TABLES.print();
        GRADIENTS_AXES.print();
        GRADIENTS_PATCHES.print();
        GRADIENTS_TOKENS.print();
    }

    @Property(tries = 150)
    void patchifyPutsEveryPixelWhereTheIndexFormulaSays(
            @ForAll PatchOrder order, @ForAll @IntRange(min = 1, max = 35) int p,
            @ForAll @IntRange(min = 1, max = 3) int gridHeight, @ForAll @IntRange(min = 1, max = 4) int gridWidth,
            @ForAll Random random) {
        int channels = 1 + random.nextInt(4);
        int batch = 1 + random.nextInt(3);
        int gap = random.nextInt(6);
        int threads = 1 + random.nextInt(Teams.LARGEST);
        int height = gridHeight * p;
        int width = gridWidth * p;
        int elements = channels * p * p;
        try (TensorArena arena = TensorArena.open()) {
            Tensor images = numbered(GuardedTensor.of(arena, gap, gap, batch, channels, height, width).tensor());
            GuardedTensor patches = GuardedTensor.of(arena, 1, gap, batch * gridHeight * gridWidth + 1, elements);
            patches.tensor().fill(-1);
            Teams.run(threads, w -> PatchEmbed.patchify(patches.tensor(), images, p, order, batch, w));
            for (int i = 0; i < batch * gridHeight * gridWidth; i++) {
                for (int e = 0; e < elements; e++) {
                    int c = order == PatchOrder.CHANNEL_FIRST ? e / (p * p) : e % channels;
                    int inside = order == PatchOrder.CHANNEL_FIRST ? e % (p * p) : e / channels;
                    int b = i / (gridHeight * gridWidth);
                    int y = i / gridWidth % gridHeight * p + inside / p;
                    int x = i % gridWidth * p + inside % p;
                    assertEquals(((b * channels + c) * height + y) * width + x, patches.tensor().get(i, e));
                }
            }
            assertEquals(-1, patches.tensor().get(batch * gridHeight * gridWidth, 0), "a row beyond the batch");
            patches.assertGuardsIntact("patches");
        }
    }

    private static Tensor numbered(Tensor tensor) {
        float[] values = new float[(int) tensor.shape().size()];
        for (int i = 0; i < values.length; i++) {
            values[i] = i;
        }
        return tensor.copyFrom(values);
    }

    @Property(tries = 100)
    void unpatchifyIsTheInverseOfPatchifyForEveryBitPattern(
            @ForAll PatchOrder order, @ForAll @IntRange(min = 1, max = 33) int p, @ForAll @IntRange(min = 1, max = 4) int channels,
            @ForAll @IntRange(min = 1, max = 3) int gridHeight, @ForAll @IntRange(min = 1, max = 4) int gridWidth,
            @ForAll @IntRange(min = 0, max = 5) int gap, @ForAll @IntRange(min = 1, max = 8) int threads, @ForAll Random random) {
        int batch = 2;
        try (TensorArena arena = TensorArena.open()) {
            Tensor images = GuardedTensor.of(arena, 3, gap, batch, channels, gridHeight * p, gridWidth * p).special(random).tensor();
            GuardedTensor back = GuardedTensor.of(arena, 1, gap, batch, channels, gridHeight * p, gridWidth * p);
            Tensor patches = GuardedTensor.of(arena, gap, 2, batch * gridHeight * gridWidth, channels * p * p).tensor();
            Teams.run(threads, w -> {
                PatchEmbed.patchify(patches, images, p, order, batch, w);
                w.barrier();
                PatchEmbed.unpatchify(back.tensor(), patches, p, order, batch, w);
            });
            Teams.assertSameBits(images.toArray(), back.tensor().toArray(), "images");
            back.assertGuardsIntact("images");
        }
    }

    @Property(tries = 50)
    void referenceAgreesWithSimdOnPatches(
            @ForAll PatchOrder order, @ForAll @IntRange(min = 1, max = 17) int p, @ForAll @IntRange(min = 1, max = 4) int channels,
            @ForAll @IntRange(min = 1, max = 3) int gridHeight, @ForAll @IntRange(min = 1, max = 4) int gridWidth,
            @ForAll Random random) {
        int batch = 2;
        int height = gridHeight * p + random.nextInt(p); // with a border that no patch covers
        int width = gridWidth * p + random.nextInt(p);
        try (TensorArena arena = TensorArena.open()) {
            Tensor images = GuardedTensor.of(arena, 0, 1, batch, channels, height, width).random(random, 1).tensor();
            Tensor patches = arena.allocate(batch * gridHeight * gridWidth, channels * p * p);
            Teams.run(2, w -> PatchEmbed.patchify(patches, images, p, order, batch, w));
            double[] expected = new double[batch * channels * gridHeight * gridWidth * p * p];
            PatchEmbedReference.patchify(expected, Doubles.read(images), p, order, batch, channels, height, width);
            assertTrue(Arrays.equals(expected, Doubles.read(patches)), "patchify");
            double[] back = new double[batch * channels * height * width];
            PatchEmbedReference.unpatchify(back, expected, p, order, batch, channels, height, width);
            Tensor gradient = arena.allocate(batch, channels, height, width).fill(7);
            Teams.run(3, w -> PatchEmbed.unpatchify(gradient, patches, p, order, batch, w));
            assertTrue(Arrays.equals(back, Doubles.read(gradient)), "unpatchify");
            double[] pixels = Doubles.read(images);
            for (int at = 0; at < back.length; at++) {
                boolean covered = at / width % height < gridHeight * p && at % width < gridWidth * p;
                assertEquals(covered ? pixels[at] : 0, back[at], "pixel " + at);
            }
        }
    }

    /** The sizes of an assembly. The prefix may be empty. */
    record Tokens(int batch, int prefix, int patches, int width, boolean positions, int positioned) {
        int perImage() {
            return prefix + patches;
        }

        int positionRows() {
            return positioned + patches;
        }
    }

    private static Tokens tokens(Random random) {
        boolean positions = random.nextInt(4) > 0;
        int prefix = random.nextInt(4);
        return new Tokens(1 + random.nextInt(4), prefix, 1 + random.nextInt(9), 1 + random.nextInt(70), positions, random.nextInt(prefix + 1));
    }

    private static double[] tensorOrNull(Tensor tensor) {
        return Doubles.readOrNull(tensor);
    }

    @Property(tries = 200)
    void assembleEqualsTheRoundedReference(
            @ForAll Random random, @ForAll @IntRange(min = 0, max = 5) int gap, @ForAll boolean special) {
        Tokens s = tokens(random);
        try (TensorArena arena = TensorArena.open()) {
            Tensor projected = filled(arena, gap, random, special, s.batch * s.patches, s.width);
            Tensor prefix = s.prefix == 0 ? null : filled(arena, 1, random, special, s.prefix, s.width);
            Tensor positions = s.positions ? filled(arena, 2, random, special, s.positionRows(), s.width) : null;
            float[] actual = Teams.sameBitsAtAnyThreadCount(threads -> {
                GuardedTensor tokens = GuardedTensor.of(arena, gap, 3, s.batch, s.perImage(), s.width);
                Teams.run(threads, w -> PatchEmbed.assemble(
                        tokens.tensor(), projected, prefix, positions, s.positioned, s.batch, s.patches, w));
                tokens.assertGuardsIntact("tokens");
                return tokens.tensor().toArray();
            });
            double[] expected = new double[actual.length];
            PatchEmbedReference.assemble(expected, Doubles.read(projected), tensorOrNull(prefix), tensorOrNull(positions),
                    s.positioned, s.batch, s.patches, s.width);
            // The double sum of two floats, rounded to float, is the float sum: 53 ≥ 2·24 + 2 bits.
            Teams.assertSameBits(expected, actual, "tokens");
        }
    }

    private static Tensor filled(TensorArena arena, int gap, Random random, boolean special, int... dimensions) {
        GuardedTensor tensor = GuardedTensor.of(arena, gap, gap, dimensions);
        return (special ? tensor.special(random) : tensor.random(random, 3)).tensor();
    }

    @Property(tries = 150)
    void assembleBackwardIsWithinTheBoundOfAFloatSum(@ForAll Random random, @ForAll @IntRange(min = 0, max = 5) int gap) {
        Tokens s = tokens(random);
        try (TensorArena arena = TensorArena.open()) {
            Tensor dtokens = filled(arena, gap, random, false, s.batch, s.perImage(), s.width);
            Tensor prefix0 = s.prefix == 0 ? null : filled(arena, 1, random, false, s.prefix, s.width);
            Tensor positions0 = s.positions ? filled(arena, 2, random, false, s.positionRows(), s.width) : null;
            double[] dprojected = new double[s.batch * s.patches * s.width];
            double[] dprefix = tensorOrNull(prefix0);
            double[] dpositions = tensorOrNull(positions0);
            PatchEmbedReference.assembleBackward(dprojected, dprefix, dpositions, Doubles.read(dtokens), s.positioned,
                    s.batch, s.prefix, s.patches, s.width);
            float[] actual = Teams.sameBitsAtAnyThreadCount(threads -> {
                GuardedTensor projected = GuardedTensor.of(arena, 1, gap, s.batch * s.patches, s.width);
                Tensor prefix = prefix0 == null ? null : arena.allocate(s.prefix, s.width).copyFrom(prefix0.toArray());
                Tensor positions =
                        positions0 == null ? null : arena.allocate(s.positionRows(), s.width).copyFrom(positions0.toArray());
                Teams.run(threads, w -> PatchEmbed.assembleBackward(
                        projected.tensor(), prefix, positions, dtokens, s.positioned, s.batch, s.prefix, s.patches, w));
                projected.assertGuardsIntact("dprojected");
                return concat(projected.tensor(), prefix, positions);
            });
            double[] expected = concat(dprojected, dprefix, dpositions);
            double[] prefixSizes = absolute(tensorOrNull(prefix0));
            double[] positionSizes = absolute(tensorOrNull(positions0));
            PatchEmbedReference.assembleBackward(new double[dprojected.length], prefixSizes, positionSizes,
                    absolute(Doubles.read(dtokens)), s.positioned, s.batch, s.prefix, s.patches, s.width);
            double[] sizes = concat(dprojected, prefixSizes, positionSizes);
            double u = s.batch * 0x1p-24; // one addition for each image (Higham, lemma 3.1)
            for (int i = 0; i < expected.length; i++) {
                if (i < dprojected.length) {
                    assertEquals(expected[i], actual[i], "dprojected " + i);
                } else {
                    PARAMETERS.add(i, expected[i], actual[i], u / (1 - u) * sizes[i]);
                }
            }
        }
    }

    private static double[] absolute(double[] values) {
        return values == null ? null : Arrays.stream(values).map(Math::abs).toArray();
    }

    private static float[] concat(Tensor... tensors) {
        float[] all = new float[0];
        for (Tensor tensor : tensors) {
            if (tensor != null) {
                float[] part = tensor.toArray();
                all = Arrays.copyOf(all, all.length + part.length);
                System.arraycopy(part, 0, all, all.length - part.length, part.length);
            }
        }
        return all;
    }

    private static double[] concat(double[]... arrays) {
        return Arrays.stream(arrays).filter(a -> a != null).flatMapToDouble(Arrays::stream).toArray();
    }

    @Property(tries = 30)
    void halvesOfABatchAccumulateToTheBitsOfTheWhole(@ForAll Random random) {
        int batch = 4;
        int patches = 5;
        int R = 2;
        int C = 1 + random.nextInt(40);
        try (TensorArena arena = TensorArena.open()) {
            Tensor dtokens = filled(arena, 0, random, false, batch, R + patches, C);
            Tensor dprojected = arena.allocate(batch * patches, C);
            Tensor whole = arena.allocate(R + patches, C);
            Tensor halves = arena.allocate(R + patches, C);
            Tensor secondHalf = dtokens.rows(2 * (R + patches), 4 * (R + patches));
            Teams.run(2, w -> {
                PatchEmbed.assembleBackward(dprojected, null, whole, dtokens, R, batch, R, patches, w);
                PatchEmbed.assembleBackward(dprojected, null, halves, dtokens, R, 2, R, patches, w);
                w.barrier();
                PatchEmbed.assembleBackward(dprojected, null, halves, secondHalf, R, 2, R, patches, w);
            });
            Teams.assertSameBits(whole.toArray(), halves.toArray(), "dpositions");
        }
    }

    @Property(tries = 60)
    void referenceGradientOfPatchesMatchesCentralDifferences(
            @ForAll PatchOrder order, @ForAll @IntRange(min = 1, max = 5) int p, @ForAll @IntRange(min = 1, max = 4) int channels,
            @ForAll @IntRange(min = 1, max = 3) int gridHeight, @ForAll @IntRange(min = 1, max = 4) int gridWidth,
            @ForAll Random random) {
        int batch = 2;
        int height = gridHeight * p;
        int width = gridWidth * p;
        double[] images = Gradients.random(random, batch * channels * height * width);
        double[] weights = Gradients.random(random, images.length);
        double[] patches = new double[images.length];
        double[] dimages = new double[images.length];
        GRADIENTS_PATCHES.backward(
                () -> PatchEmbedReference.unpatchify(dimages, weights, p, order, batch, channels, height, width), dimages);
        GRADIENTS_PATCHES.gradient("dimages", images, dimages, () -> {
            PatchEmbedReference.patchify(patches, images, p, order, batch, channels, height, width);
            return Gradients.dot(weights, patches);
        });
        GRADIENTS_PATCHES.passed(order, p, channels, gridHeight, gridWidth);
    }

    @Property(tries = 40)
    void referenceGradientsMatchCentralDifferences(@ForAll Random random) {
        Tokens s = tokens(random);
        double[] projected = Gradients.random(random, s.batch * s.patches * s.width);
        double[] prefix = s.prefix == 0 ? null : Gradients.random(random, s.prefix * s.width);
        double[] positions = s.positions ? Gradients.random(random, s.positionRows() * s.width) : null;
        double[] weights = Gradients.random(random, s.batch * s.perImage() * s.width);
        double[] out = new double[weights.length];
        double[] dprojected = new double[projected.length];
        double[] dprefix = prefix == null ? null : new double[prefix.length];
        double[] dpositions = positions == null ? null : new double[positions.length];
        GRADIENTS_TOKENS.backward(() -> PatchEmbedReference.assembleBackward(dprojected, dprefix, dpositions, weights, s.positioned,
                s.batch, s.prefix, s.patches, s.width), present(dprojected, dprefix, dpositions));
        java.util.function.DoubleSupplier loss = () -> {
            PatchEmbedReference.assemble(out, projected, prefix, positions, s.positioned, s.batch, s.patches, s.width);
            return Gradients.dot(weights, out);
        };
        GRADIENTS_TOKENS.gradient("dprojected", projected, dprojected, loss);
        if (prefix != null) {
            GRADIENTS_TOKENS.gradient("dprefix", prefix, dprefix, loss);
        }
        if (positions != null) {
            GRADIENTS_TOKENS.gradient("dpositions", positions, dpositions, loss);
        }
        GRADIENTS_TOKENS.passed(s);
    }

    private static double[][] present(double[]... arrays) {
        return Arrays.stream(arrays).filter(a -> a != null).toArray(double[][]::new);
    }

    /** A grid whose sides mostly differ, with tokens before its patches; each axis has {@code half} channels. */
    record Axes(int batch, int prefix, int gridHeight, int gridWidth, int half) {
        int patches() {
            return gridHeight * gridWidth;
        }

        int perImage() {
            return prefix + patches();
        }
    }

    private static Axes axes(Random random) {
        return new Axes(1 + random.nextInt(4), random.nextInt(4), 1 + random.nextInt(6), 1 + random.nextInt(6), 1 + random.nextInt(40));
    }

    @Property(tries = 150)
    void joinedAxesAreTheColumnThenTheRowOfEveryPatch(@ForAll Random random, @ForAll @IntRange(min = 0, max = 5) int gap) {
        Axes s = axes(random);
        try (TensorArena arena = TensorArena.open()) {
            Tensor columns = filled(arena, gap, random, true, s.gridWidth, s.half);
            Tensor rows = filled(arena, 1, random, true, s.gridHeight, s.half);
            float[] actual = Teams.sameBitsAtAnyThreadCount(threads -> {
                GuardedTensor positions = GuardedTensor.of(arena, 2, gap, s.patches(), 2 * s.half);
                Teams.run(threads, w -> PatchEmbed.joinAxes(positions.tensor(), columns, rows, w));
                positions.assertGuardsIntact("positions");
                return positions.tensor().toArray();
            });
            for (int i = 0; i < actual.length; i++) {
                int patch = i / (2 * s.half);
                int c = i % (2 * s.half);
                float expected = c < s.half ? columns.get(patch % s.gridWidth, c) : rows.get(patch / s.gridWidth, c - s.half);
                assertEquals(Float.floatToRawIntBits(expected), Float.floatToRawIntBits(actual[i]), "element " + i);
            }
            double[] reference = new double[actual.length];
            PatchEmbedReference.joinAxes(reference, Doubles.read(columns), Doubles.read(rows), s.gridWidth, s.gridHeight, s.half);
            Teams.assertSameBits(reference, actual, "positions");
        }
    }

    @Property(tries = 150)
    void joinAxesBackwardIsWithinTheBoundOfAFloatSum(@ForAll Random random, @ForAll @IntRange(min = 0, max = 5) int gap) {
        Axes s = axes(random);
        try (TensorArena arena = TensorArena.open()) {
            Tensor dtokens = filled(arena, gap, random, false, s.batch, s.perImage(), 2 * s.half);
            Tensor columns0 = filled(arena, 1, random, false, s.gridWidth, s.half);
            Tensor rows0 = filled(arena, 2, random, false, s.gridHeight, s.half);
            float[] actual = Teams.sameBitsAtAnyThreadCount(threads -> {
                GuardedTensor columns = GuardedTensor.of(arena, gap, 3, s.gridWidth, s.half);
                GuardedTensor rows = GuardedTensor.of(arena, 3, gap, s.gridHeight, s.half);
                columns.tensor().copyFrom(columns0.toArray());
                rows.tensor().copyFrom(rows0.toArray());
                Teams.run(threads, w -> PatchEmbed.joinAxesBackward(columns.tensor(), rows.tensor(), dtokens, s.batch, s.prefix, w));
                columns.assertGuardsIntact("dcolumns");
                rows.assertGuardsIntact("drows");
                return concat(columns.tensor(), rows.tensor());
            });
            double[] dcolumns = Doubles.read(columns0);
            double[] drows = Doubles.read(rows0);
            double[] columnSizes = absolute(dcolumns);
            double[] rowSizes = absolute(drows);
            PatchEmbedReference.joinAxesBackward(dcolumns, drows, Doubles.read(dtokens), s.batch, s.prefix, s.gridWidth, s.gridHeight, s.half);
            PatchEmbedReference.joinAxesBackward(columnSizes, rowSizes, absolute(Doubles.read(dtokens)), s.batch, s.prefix, s.gridWidth,
                    s.gridHeight, s.half);
            double[] expected = concat(dcolumns, drows);
            double[] sizes = concat(columnSizes, rowSizes);
            for (int i = 0; i < expected.length; i++) {
                double u = s.batch * (i < dcolumns.length ? s.gridHeight : s.gridWidth) * 0x1p-24; // an addition for each image and patch of the line
                TABLES.add(i, expected[i], actual[i], u / (1 - u) * sizes[i]);
            }
        }
    }

    @Property(tries = 30)
    void halvesOfABatchAccumulateToTheBitsOfTheWholeInBothTables(@ForAll Random random) {
        Axes s = axes(random);
        int first = 1 + random.nextInt(3);
        int batch = first + s.batch;
        try (TensorArena arena = TensorArena.open()) {
            Tensor dtokens = filled(arena, 0, random, false, batch, s.perImage(), 2 * s.half);
            Tensor rest = dtokens.rows(first * s.perImage(), batch * s.perImage());
            Tensor[] whole = {arena.allocate(s.gridWidth, s.half), arena.allocate(s.gridHeight, s.half)};
            Tensor[] halves = {arena.allocate(s.gridWidth, s.half), arena.allocate(s.gridHeight, s.half)};
            Teams.run(2, w -> {
                PatchEmbed.joinAxesBackward(whole[0], whole[1], dtokens, batch, s.prefix, w);
                PatchEmbed.joinAxesBackward(halves[0], halves[1], dtokens, first, s.prefix, w);
                w.barrier();
                PatchEmbed.joinAxesBackward(halves[0], halves[1], rest, s.batch, s.prefix, w);
            });
            Teams.assertSameBits(concat(whole), concat(halves), "dcolumns and drows");
        }
    }

    @Property(tries = 40)
    void referenceGradientsOfBothTablesMatchCentralDifferences(@ForAll Random random) {
        Axes s = axes(random);
        int C = 2 * s.half;
        double[] columns = Gradients.random(random, s.gridWidth * s.half);
        double[] rows = Gradients.random(random, s.gridHeight * s.half);
        double[] projected = Gradients.random(random, s.batch * s.patches() * C);
        double[] prefix = s.prefix == 0 ? null : Gradients.random(random, s.prefix * C);
        double[] weights = Gradients.random(random, s.batch * s.perImage() * C);
        double[] dcolumns = new double[columns.length];
        double[] drows = new double[rows.length];
        double[] positions = new double[s.patches() * C];
        double[] out = new double[weights.length];
        GRADIENTS_AXES.backward(() -> PatchEmbedReference.joinAxesBackward(dcolumns, drows, weights, s.batch, s.prefix, s.gridWidth, s.gridHeight, s.half),
                dcolumns, drows);
        java.util.function.DoubleSupplier loss = () -> {
            PatchEmbedReference.joinAxes(positions, columns, rows, s.gridWidth, s.gridHeight, s.half);
            PatchEmbedReference.assemble(out, projected, prefix, positions, 0, s.batch, s.patches(), C);
            return Gradients.dot(weights, out);
        };
        GRADIENTS_AXES.gradient("dcolumns", columns, dcolumns, loss);
        GRADIENTS_AXES.gradient("drows", rows, drows, loss);
        GRADIENTS_AXES.passed(s);
    }

    @Test
    void tablesThatDoNotFitTheGridAreNamed() {
        try (TensorArena arena = TensorArena.open()) {
            Tensor columns = arena.allocate(3, 8);
            Tensor rows = arena.allocate(2, 8);
            assertMessage("positions: expected 6 rows of 16 columns, found shape (5, 16), 5 rows of 16",
                    () -> Teams.run(1, w -> PatchEmbed.joinAxes(arena.allocate(5, 16), columns, rows, w)));
            assertMessage("rows: expected 2 rows of 8 columns, found shape (2, 9), 2 rows of 9",
                    () -> Teams.run(1, w -> PatchEmbed.joinAxes(arena.allocate(6, 16), columns, arena.allocate(2, 9), w)));
            assertMessage("dtokens: expected at least 14 rows of 16 columns, found shape (2, 6, 16), 12 rows of 16",
                    () -> Teams.run(1, w -> PatchEmbed.joinAxesBackward(columns, rows, arena.allocate(2, 6, 16), 2, 1, w)));
            assertMessage("columns and rows: expected separate memory, found an overlap",
                    () -> Teams.run(1, w -> PatchEmbed.joinAxes(arena.allocate(6, 16), columns, columns.rows(1, 3), w)));
        }
    }

    @Test
    void wrongShapesAreNamed() {
        try (TensorArena arena = TensorArena.open()) {
            Tensor images = arena.allocate(2, 3, 8, 12);
            Tensor patches = arena.allocate(12, 48);
            assertMessage("images: expected height and width of at least the patch 9, found shape (2, 3, 8, 12)",
                    () -> Teams.run(1, w -> PatchEmbed.patchify(patches, images, 9, PatchOrder.CHANNEL_FIRST, 2, w)));
            assertMessage("patches: expected at least 48 rows of 12 columns, found shape (12, 48), 12 rows of 48",
                    () -> Teams.run(1, w -> PatchEmbed.patchify(patches, images, 2, PatchOrder.CHANNEL_FIRST, 2, w)));
            assertMessage("batch: expected 0 to 2, found 3",
                    () -> Teams.run(1, w -> PatchEmbed.patchify(patches, images, 4, PatchOrder.CHANNEL_FIRST, 3, w)));
            assertMessage("patches and images: expected separate memory, found an overlap",
                    () -> Teams.run(1, w -> PatchEmbed.patchify(
                            images.reshape(12, 48), images, 4, PatchOrder.CHANNEL_FIRST, 2, w)));
            Tensor tokens = arena.allocate(2, 7, 48);
            assertMessage("positions: expected 7 rows of 48 columns, found shape (6, 48), 6 rows of 48",
                    () -> Teams.run(1, w -> PatchEmbed.assemble(
                            tokens, patches, arena.allocate(1, 48), patches.rows(0, 6), 1, 2, 6, w)));
        }
    }

    private static void assertMessage(String expected, org.junit.jupiter.api.function.Executable call) {
        assertEquals(expected, assertThrows(IllegalArgumentException.class, call).getMessage());
    }
}
