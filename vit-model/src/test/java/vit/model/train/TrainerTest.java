package vit.model.train;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.function.IntPredicate;
import org.junit.jupiter.api.Test;
import vit.model.Frozen;
import vit.model.InputException;
import vit.model.Optimizer;
import vit.model.TokenMerging;
import vit.model.config.HeadConfig;
import vit.model.config.VitConfig;
import vit.model.evaluate.Evaluation;
import vit.model.image.Preprocessing;
import vit.model.image.RgbImage;
import vit.model.parameters.Parameter;
import vit.model.parameters.ParameterSource;
import vit.model.positions.PositionResampling;
import vit.model.train.augment.Augmentation;
import vit.model.train.augment.Mixing;
import vit.model.train.data.ImageSource;
import vit.model.train.data.Split;

/**
 * Training learns, gives the same bits at any number of threads and loaders, depends on every part of the recipe, and copes with images that
 * cannot be read.
 */
public class TrainerTest {

    public static final VitConfig CONFIG = VitConfig.builder().image(8, 8).patch(4).width(24).depth(2).heads(3).mlp(40).classes(3).build();

    /** A recipe that uses everything that could make a difference. */
    public static final Recipe RECIPE = Recipe.plain(3, 10, 2e-3).withSeed(7).withOptimizer(Optimizer.adamW(0.05).withLayerDecay(0.9))
            .withSchedule(Schedule.cosine(2e-3, 0.2)).withClip(1).withAverage(0.9).withLabelSmoothing(0.1).withMixing(new Mixing(0.8, 1)).withDropout(0.1).withStochasticDepth(0.2)
            .withAugmentation(new Augmentation("all", 0.5, 0.5, 10, 0.1, 0.1, 2, 5, 0.25));

    static Split split() {
        return Split.stratified(new Stripes(48, 10, 1), 0.25, 3);
    }

    public static Preprocessing preprocessing() throws InputException {
        return Preprocessing.named("huggingface-vit");
    }

    static Trainer trainer(Recipe recipe, TrainerOptions options) throws IOException {
        return Trainer.of(Initialization.of(CONFIG, 5), split(), preprocessing(), recipe, options);
    }

    /** A hash of all weights, averages and optimiser states, and the reports without their times. */
    static String bits(Trainer trainer) throws IOException {
        long hash = 1;
        for (Parameter parameter : trainer.training().parameters().list()) {
            float[] values = new float[Math.toIntExact(parameter.shape().size())];
            trainer.weights().read(parameter, values);
            hash = 31 * hash + Arrays.hashCode(values);
            trainer.training().read(parameter, values);
            hash = 31 * hash + Arrays.hashCode(values);
            for (int state = 0; state < trainer.training().stateCount(); state++) {
                trainer.training().readState(state, parameter, values);
                hash = 31 * hash + Arrays.hashCode(values);
            }
        }
        List<String> reports = trainer.history().stream().map(r -> r.loss() + " " + r.accuracy() + " " + r.validationLoss() + " "
                + r.validationAccuracy() + " " + r.rate() + " " + r.best()).toList();
        return Long.toHexString(hash) + " " + reports;
    }

    private static String trained(Recipe recipe, TrainerOptions options) throws Exception {
        try (Trainer trainer = trainer(recipe, options)) {
            trainer.train(TrainingListener.NONE);
            assertTrue(trainer.isDone());
            return bits(trainer);
        }
    }

    @Test
    void learnsToTellStripesApartAndJudgesUnseenOnes() throws Exception {
        Split split = Split.stratified(new Stripes(240, 8, 1), 0.25, 3);
        try (Trainer trainer = Trainer.of(Initialization.of(CONFIG, 5), split, preprocessing(), Recipe.plain(12, 16, 3e-3), TrainerOptions.threads(2))) {
            List<EpochReport> history = trainer.train(TrainingListener.NONE);
            EpochReport last = history.getLast();
            System.out.println("stripes: " + last);
            assertEquals(12, history.size());
            assertTrue(last.validationAccuracy() >= 0.9, last::toString);
            assertTrue(last.loss() < history.getFirst().loss() / 2, history::toString);
            Evaluation evaluation = trainer.evaluate();
            assertEquals(60, evaluation.images());
            assertEquals(last.validationAccuracy(), evaluation.top1());
        }
    }

    @Test
    void otherWeightsAreJudgedOnTheSameImagesAtTheirOwnSize() throws Exception {
        try (Trainer trainer = trainer(RECIPE.withEpochs(1), TrainerOptions.threads(2))) {
            trainer.train(TrainingListener.NONE);
            Evaluation own = trainer.evaluate();
            Evaluation same = trainer.evaluate(trainer.weights());
            assertEquals(own.loss(), same.loss());
            Evaluation larger = trainer.evaluate(FineTuning.of(trainer.weights(), 3, 16, 16, true, PositionResampling.TIMM));
            assertEquals(own.images(), larger.images());
            assertNotEquals(own.loss(), larger.loss());
            VitConfig other = CONFIG.toBuilder().classes(4).build();
            assertThrows(IllegalArgumentException.class, () -> trainer.evaluate(Initialization.of(other, 5)));
        }
    }

    @Test
    void resultIsTheSameAtAnyThreadCountWithAnyLoadersInAnyPassesAndWithCheckpointing() throws Exception {
        String expected = trained(RECIPE, TrainerOptions.threads(1));
        assertEquals(expected, trained(RECIPE, TrainerOptions.threads(3).withLoaderThreads(4).withPrefetch(1)));
        assertEquals(expected, trained(RECIPE, TrainerOptions.threads(2).withAccumulate(3).withCacheBytes(0)));
        assertEquals(expected, trained(RECIPE, TrainerOptions.threads(2).withAccumulate(100).withLoaderThreads(2).withPrefetch(7)));
        assertEquals(expected, trained(RECIPE, TrainerOptions.threads(2).withCheckpointing(true)));
    }

    @Test
    void everyPartOfTheRecipeMatters() throws Exception {
        Recipe two = RECIPE.withEpochs(2);
        String expected = trained(two, TrainerOptions.threads(2));
        List<Recipe> others = List.of(two.withSeed(8), two.withClip(0.01), two.withAverage(0.1), two.withLabelSmoothing(0), two.withMixing(new Mixing(0.8, 0)),
                two.withMixing(new Mixing(0, 1)), two.withAugmentation(Augmentation.NONE), two.withAugmentation(two.augmentation().withErasing(1)),
                two.withBatch(9), two.withDropout(0), two.withStochasticDepth(0), two.withSchedule(Schedule.linear(2e-3, 0.2)), two.withOptimizer(Optimizer.sgd(0.9, 0)),
                two.withFrozen(Frozen.ALL_BUT_HEAD), two.withFrozen(Frozen.front(1)), two.withTokenMerging(TokenMerging.constant(1)));
        for (Recipe other : others) {
            assertNotEquals(expected, trained(other, TrainerOptions.threads(2)), other::toString);
        }
    }

    @Test
    void trainingGoesOnAfterACancellationAsIfThereHadBeenNone() throws Exception {
        String expected = trained(RECIPE, TrainerOptions.threads(2));
        for (long stop : new long[] {1, 4, 6}) { // an epoch has four steps: stops in the middle of one, and before its validation
            try (Trainer trainer = trainer(RECIPE, TrainerOptions.threads(2))) {
                trainer.train(new TrainingListener() {
                    @Override
                    public void step(long step, long steps, double loss) {
                        if (step == stop) {
                            trainer.cancel();
                        }
                    }
                });
                assertFalse(trainer.isDone());
                assertEquals(stop, trainer.progress().steps());
                trainer.train(TrainingListener.NONE);
                assertEquals(expected, bits(trainer));
            }
        }
    }

    @Test
    void aLossThatIsNotFiniteNamesTheFirstBadLayer() throws Exception {
        assertDiverges("blocks.1.norm1.weight", Float.NaN, "blocks.1 (stage.block.1)", "blocks.1.norm1.weight holds NaN");
        assertDiverges("blocks.1.mlp.fc1.bias", Float.NEGATIVE_INFINITY, "the initial weights are not finite", "blocks.1.mlp.fc1.bias holds -Infinity");
        assertDiverges("blocks.0.mlp.fc2.bias", Float.POSITIVE_INFINITY, "blocks.0 (stage.block.0)", "fc2.bias holds Infinity");
        assertDiverges("patch_embed.proj.bias", Float.NaN, "the patch embedding (stage.tokens)", "patch_embed.proj.bias holds NaN");
        assertDiverges("pos_embed", Float.NaN, "the patch embedding (stage.tokens)", "pos_embed holds NaN");
        assertDiverges("norm.bias", Float.NaN, "the head", "norm.bias holds NaN");
        assertDiverges("head.weight", Float.NaN, "the head", "head.weight holds NaN");
        assertDiverges("blocks.1.mlp.fc1.weight", 3e38f, "blocks.1 (stage.block.1)", "its weights are finite");
    }

    private static void assertDiverges(String parameter, float value, String... parts) throws Exception {
        ParameterSource broken = new BrokenParameter(Initialization.of(CONFIG, 5), parameter, value);
        try (Trainer trainer = Trainer.of(broken, split(), preprocessing(), RECIPE, TrainerOptions.threads(2).withAccumulate(2))) {
            DivergedException fault = assertThrows(DivergedException.class, () -> trainer.train(TrainingListener.NONE));
            for (String part : parts) {
                assertTrue(fault.getMessage().contains(part), fault::getMessage);
            }
            assertTrue(fault.getMessage().contains("in epoch 1, step 1 of 12"), fault::getMessage);
        }
    }

    /** Stripes, some of which cannot be read. */
    private record Damaged(Stripes stripes, IntPredicate damaged) implements ImageSource {
        @Override
        public int size() {
            return stripes.size();
        }

        @Override
        public List<String> classes() {
            return stripes.classes();
        }

        @Override
        public int label(int index) {
            return stripes.label(index);
        }

        @Override
        public RgbImage image(int index) throws InputException {
            if (damaged.test(index)) {
                throw InputException.in("image " + index).because("the image is broken");
            }
            return stripes.image(index);
        }
    }

    private static Trainer withDamaged(IntPredicate damaged, Recipe recipe, TrainerOptions options) throws IOException {
        return Trainer.of(Initialization.of(CONFIG, 5), Split.stratified(new Damaged(new Stripes(48, 10, 1), damaged), 0.25, 3), preprocessing(), recipe, options);
    }

    @Test
    void moreBrokenImagesThanAllowedEndTrainingWithTheFirstOne() throws Exception {
        for (double most : new double[] {0, 0.05}) {
            List<String> messages = new ArrayList<>();
            for (int loaders = 1; loaders <= 4; loaders += 3) {
                try (Trainer trainer = withDamaged(i -> i % 10 == 3, RECIPE, TrainerOptions.threads(2).withLoaderThreads(loaders).withMostUnreadable(most))) {
                    messages.add(assertThrows(InputException.class, () -> trainer.train(TrainingListener.NONE)).getMessage());
                }
            }
            assertTrue(messages.getFirst().contains("the image is broken"), messages::toString);
            assertEquals(most > 0, messages.getFirst().contains("at most a share of 0.05; found 3, the first: image "), messages::toString);
            assertEquals(messages.get(0), messages.get(1), "the same image at any number of threads");
        }
    }

    @Test
    void brokenImagesAreLeftOutAndCountedWithTheSameBitsAtAnyThreadCount() throws Exception {
        IntPredicate damaged = i -> i % 10 == 3; // 5 of 48
        List<String> bits = new ArrayList<>();
        for (TrainerOptions options : List.of(TrainerOptions.threads(1), TrainerOptions.threads(3).withLoaderThreads(4).withPrefetch(1),
                TrainerOptions.threads(2).withAccumulate(3).withCacheBytes(0))) {
            try (Trainer trainer = withDamaged(damaged, RECIPE, options)) {
                trainer.train(TrainingListener.NONE);
                assertTrue(trainer.isDone());
                assertEquals(List.of("image 13: the image is broken", "image 23: the image is broken", "image 33: the image is broken",
                        "image 3: the image is broken", "image 43: the image is broken"), trainer.unreadable().stream().sorted().toList());
                bits.add(bits(trainer));
            }
        }
        assertEquals(bits.get(0), bits.get(1));
        assertEquals(bits.get(0), bits.get(2));
    }

    @Test
    void batchesWithoutAnyReadableImageChangeNothing() throws Exception {
        Recipe recipe = Recipe.plain(2, 4, 1e-3);
        try (Trainer trainer = withDamaged(i -> i != 7 && i != 8 && i != 9, recipe, TrainerOptions.threads(1).withMostUnreadable(1))) {
            trainer.train(TrainingListener.NONE);
            assertTrue(trainer.isDone());
            assertEquals(45, trainer.unreadable().size());
            assertTrue(trainer.history().stream().allMatch(report -> Double.isFinite(report.loss())), () -> trainer.history().toString());
        }
    }

    @Test
    void whatIsFrozenKeepsItsBitsAndTheRestLearns() throws Exception {
        Initialization start = Initialization.of(CONFIG, 5);
        for (Frozen frozen : List.of(Frozen.NOTHING, Frozen.front(0), Frozen.front(1), Frozen.front(CONFIG.depth()), Frozen.ALL_BUT_HEAD)) {
            Recipe recipe = RECIPE.withFrozen(frozen).withOptimizer(Optimizer.adamW(0.1).decayingAll().withLayerDecay(0.9));
            try (Trainer trainer = Trainer.of(start, split(), preprocessing(), recipe, TrainerOptions.threads(2))) {
                trainer.train(TrainingListener.NONE);
                for (Parameter parameter : trainer.training().parameters().list()) {
                    float[] before = new float[Math.toIntExact(parameter.shape().size())];
                    float[] after = before.clone();
                    start.read(parameter, before);
                    trainer.weights().read(parameter, after); // the moving average
                    assertEquals(frozen.contains(parameter), Arrays.equals(before, after), () -> parameter.name() + ", frozen: " + frozen);
                    trainer.training().read(parameter, after);
                    assertEquals(frozen.contains(parameter), Arrays.equals(before, after), () -> parameter.name() + ", frozen: " + frozen);
                }
            }
        }
    }

    @Test
    void resultIsTheSameAtAnyThreadCountInAnyPassesWithAFrozenFront() throws Exception {
        Recipe recipe = RECIPE.withFrozen(Frozen.front(1));
        String expected = trained(recipe, TrainerOptions.threads(1));
        assertEquals(expected, trained(recipe, TrainerOptions.threads(3).withAccumulate(3)));
        assertEquals(expected, trained(recipe, TrainerOptions.threads(2).withCheckpointing(true)));
    }

    @Test
    void classesMustBeThoseOfTheImages() {
        VitConfig two = CONFIG.toBuilder().classes(2).build();
        assertThrows(IllegalArgumentException.class,
                () -> Trainer.of(Initialization.of(two, 5), split(), preprocessing(), RECIPE, TrainerOptions.threads(1)));
    }

    @Test
    void aModelWhoseHeadGivesEmbeddingsIsRefusedBeforeTheFirstStep() {
        VitConfig projection = CONFIG.toBuilder().head(HeadConfig.Kind.PROJECTION).build();
        assertEquals("a model without a head for classes cannot be trained to classify: give it classes", assertThrows(IllegalArgumentException.class,
                () -> Trainer.of(Initialization.of(projection, 5), split(), preprocessing(), RECIPE, TrainerOptions.threads(1))).getMessage());
    }
}
