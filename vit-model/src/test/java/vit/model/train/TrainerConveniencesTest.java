package vit.model.train;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import vit.model.Frozen;
import vit.model.InputException;
import vit.model.Optimizer;
import vit.model.SessionOptions;
import vit.model.VitModel;
import vit.model.VitSession;
import vit.model.image.RgbImage;
import vit.model.train.LearningRateFinder.Point;
import vit.model.train.LearningRateFinder.Result;
import vit.model.train.augment.Mixing;
import vit.model.train.data.ImageSource;
import vit.model.train.data.Split;

/** More epochs, weights of classes, an early end and the search for a learning rate: what they compute, and that threads and interruptions change no bit of it. */
class TrainerConveniencesTest {

    @TempDir
    private Path folder;

    /** Stripes of which the classes have 3, 5 and 16 images. */
    private record Uneven(ImageSource all, int[] indices) implements ImageSource {

        static Uneven of() {
            return new Uneven(new Stripes(48, 10, 1), IntStream.range(0, 48).filter(i -> i % 3 == 2 || i < (i % 3 == 0 ? 9 : 15)).toArray());
        }

        @Override
        public int size() {
            return indices.length;
        }

        @Override
        public List<String> classes() {
            return all.classes();
        }

        @Override
        public int label(int index) {
            return all.label(indices[index]);
        }

        @Override
        public RgbImage image(int index) throws IOException {
            return all.image(indices[index]);
        }
    }

    private static Trainer trainer(ImageSource images, Recipe recipe, TrainerOptions options) throws IOException {
        return Trainer.of(Initialization.of(TrainerTest.CONFIG, 5), Split.all(images), TrainerTest.preprocessing(), recipe, options);
    }

    private static String bits(ImageSource images, Recipe recipe, TrainerOptions options) throws Exception {
        try (Trainer trainer = trainer(images, recipe, options)) {
            trainer.train(TrainingListener.NONE);
            return TrainerTest.bits(trainer);
        }
    }

    @Test
    void balancedLossIsTheMeanWeightedByClass() throws Exception {
        Uneven images = Uneven.of();
        assertEquals(24, images.size());
        double smoothing = 0.1;
        Recipe recipe = Recipe.plain(1, 100, 1e-3).withBalanced(true).withLabelSmoothing(smoothing); // one step, whose loss is that of the initial weights
        double[] sizes = {3, 5, 16};
        double expected = 0;
        try (VitModel model = VitModel.of(Initialization.of(TrainerTest.CONFIG, 5)); VitSession session = model.newSession(SessionOptions.threads(1))) {
            float[] pixels = new float[3 * 8 * 8];
            float[] logits = new float[3];
            for (int i = 0; i < images.size(); i++) {
                TrainerTest.preprocessing().apply(images.image(i), 8, 8, pixels, 0);
                session.logits(pixels, 1, logits);
                double sum = 0;
                for (float logit : logits) {
                    sum += Math.exp(logit);
                }
                for (int c = 0; c < 3; c++) {
                    double target = (1 - smoothing) * (c == images.label(i) ? 1 : 0) + smoothing / 3;
                    expected += 24 / (3 * sizes[images.label(i)]) * target * (Math.log(sum) - logits[c]) / 24;
                }
            }
        }
        try (Trainer trainer = trainer(images, recipe, TrainerOptions.threads(1))) {
            assertEquals(expected, trainer.train(TrainingListener.NONE).getFirst().loss(), 1e-5);
        }
        assertNotEquals(expected, loss(images, recipe.withBalanced(false)), 1e-3);
    }

    private static double loss(ImageSource images, Recipe recipe) throws Exception {
        try (Trainer trainer = trainer(images, recipe, TrainerOptions.threads(1))) {
            return trainer.train(TrainingListener.NONE).getFirst().loss();
        }
    }

    @Test
    void balancingClassesOfOneSizeChangesNoBit() throws Exception {
        Recipe recipe = Recipe.plain(2, 7, 2e-3);
        assertEquals(bits(new Stripes(48, 10, 1), recipe, TrainerOptions.threads(1)), bits(new Stripes(48, 10, 1), recipe.withBalanced(true), TrainerOptions.threads(1)));
    }

    @Test
    void balancedTrainingHasTheSameBitsAtAnyThreadsAndPasses() throws Exception {
        for (Mixing mixing : new Mixing[] {Mixing.NONE, new Mixing(0.8, 1)}) {
            Recipe recipe = TrainerTest.RECIPE.withEpochs(2).withBalanced(true).withMixing(mixing).withShards(mixing == Mixing.NONE ? 2 : 1);
            String one = bits(Uneven.of(), recipe, TrainerOptions.threads(1));
            assertEquals(one, bits(Uneven.of(), recipe, TrainerOptions.threads(3).withAccumulate(3).withLoaderThreads(2)));
            assertNotEquals(one, bits(Uneven.of(), recipe.withBalanced(false), TrainerOptions.threads(1)));
        }
    }

    @Test
    void trainingStopsWhenNothingGetsBetter() throws Exception {
        Recipe recipe = Recipe.plain(20, 10, 1e-30).withPatience(3); // steps too small for any weight
        try (Trainer trainer = TrainerTest.trainer(recipe, TrainerOptions.threads(1))) {
            assertEquals(4, trainer.train(TrainingListener.NONE).size(), "the first epoch is the best, and three more bring nothing");
            assertTrue(trainer.isDone() && trainer.hasStoppedEarly());
        }
        Recipe whole = Recipe.plain(4, 10, 1e-30).withPatience(4);
        try (Trainer trainer = TrainerTest.trainer(whole, TrainerOptions.threads(1))) {
            assertEquals(4, trainer.train(TrainingListener.NONE).size());
            assertTrue(trainer.isDone() && !trainer.hasStoppedEarly());
        }
    }

    @Test
    void anEarlyEndIsTheSameAfterAnInterruption() throws Exception {
        Recipe recipe = Recipe.plain(20, 10, 1e-30).withPatience(3);
        Path state = folder.resolve("state.safetensors");
        String whole;
        try (Trainer trainer = TrainerTest.trainer(recipe, TrainerOptions.threads(1))) {
            trainer.train(TrainingListener.NONE);
            whole = TrainerTest.bits(trainer);
        }
        stopAfter(recipe, 9, state);
        try (Trainer trainer = Trainer.resume(state, TrainerTest.CONFIG, TrainerTest.split(), TrainerTest.preprocessing(), recipe, TrainerOptions.threads(2))) {
            trainer.train(TrainingListener.NONE);
            assertEquals(whole, TrainerTest.bits(trainer));
            trainer.save(state);
        }
        try (Trainer trainer = Trainer.resume(state, TrainerTest.CONFIG, TrainerTest.split(), TrainerTest.preprocessing(), recipe, TrainerOptions.threads(1))) {
            assertTrue(trainer.isDone());
            assertEquals(4, trainer.train(TrainingListener.NONE).size(), "it has already ended");
        }
    }

    private static void stopAfter(Recipe recipe, long steps, Path state) throws Exception {
        try (Trainer trainer = TrainerTest.trainer(recipe, TrainerOptions.threads(1))) {
            train(trainer, steps);
            trainer.save(state);
        }
    }

    private static void train(Trainer trainer, long steps) throws Exception {
        trainer.train(new TrainingListener() {
            @Override
            public void step(long step, long all, double loss) {
                if (step == steps) {
                    trainer.cancel();
                }
            }
        });
    }

    private Trainer resume(Path state, Recipe recipe, int threads) throws IOException {
        return Trainer.resume(state, Initialization.of(TrainerTest.CONFIG, 5), TrainerTest.split(), TrainerTest.preprocessing(), recipe, TrainerOptions.threads(threads));
    }

    @Test
    void moreEpochsContinueWithTheLongerScheduleAndResumeToTheSameBits() throws Exception {
        Recipe two = TrainerTest.RECIPE.withEpochs(2);
        Recipe four = TrainerTest.RECIPE.withEpochs(4);
        Path short2 = folder.resolve("two.safetensors");
        String longer;
        int perEpoch;
        try (Trainer trainer = TrainerTest.trainer(two, TrainerOptions.threads(1))) {
            trainer.train(TrainingListener.NONE);
            trainer.save(short2);
            perEpoch = trainer.stepsPerEpoch();
        }
        try (Trainer trainer = resume(short2, four, 1)) {
            List<EpochReport> reports = trainer.train(TrainingListener.NONE);
            assertEquals(4, reports.size());
            assertEquals(two.schedule().at(2L * perEpoch - 1, 2L * perEpoch), reports.get(1).rate(), "what was trained stays");
            assertEquals(four.schedule().at(3L * perEpoch - 1, 4L * perEpoch), reports.get(2).rate(), "what is new has the rates of four epochs");
            longer = TrainerTest.bits(trainer);
        }
        Path middle = folder.resolve("middle.safetensors");
        try (Trainer trainer = resume(short2, four, 3)) {
            train(trainer, 2L * perEpoch + 2);
            trainer.save(middle);
        }
        try (Trainer trainer = resume(middle, four, 2)) {
            trainer.train(TrainingListener.NONE);
            assertEquals(longer, TrainerTest.bits(trainer));
        }
        assertThrows(InputException.class, () -> resume(middle, two, 1), "fewer epochs are another training");
        assertThrows(InputException.class, () -> resume(short2, four.withBatch(9), 1));
        assertThrows(InputException.class, () -> resume(short2, four.withPatience(2), 1));
    }

    @Test
    void layerDecayAndAHeadAloneWorkTogetherWithWeightsOfClasses() throws Exception {
        Recipe recipe = Recipe.plain(1, 10, 1e-2).withBalanced(true).withOptimizer(Optimizer.sgd(0.9, 0)).withFrozen(Frozen.ALL_BUT_HEAD);
        try (Trainer trainer = trainer(Uneven.of(), recipe, TrainerOptions.threads(1))) {
            trainer.train(TrainingListener.NONE);
            int changed = 0;
            Initialization start = Initialization.of(TrainerTest.CONFIG, 5);
            for (var parameter : trainer.training().parameters().list()) {
                float[] before = new float[Math.toIntExact(parameter.shape().size())];
                float[] after = new float[before.length];
                start.read(parameter, before);
                trainer.training().read(parameter, after);
                boolean same = java.util.Arrays.equals(before, after);
                assertEquals(parameter.name().startsWith("head."), !same, parameter.name());
                changed += same ? 0 : 1;
            }
            assertEquals(2, changed);
        }
    }

    private static Result find(int threads, int passes) throws Exception {
        return LearningRateFinder.run(Initialization.of(TrainerTest.CONFIG, 5), TrainerTest.split(), TrainerTest.preprocessing(),
                Recipe.plain(1, 12, 1).withSeed(3), TrainerOptions.threads(threads).withAccumulate(passes), 1e-6, 10, 60, (step, steps, loss) -> {});
    }

    @Test
    void ratesGrowByAFactorUntilTheLossRises() throws Exception {
        Result found = find(1, 1);
        List<Point> points = found.points();
        assertEquals(1e-6, points.getFirst().rate());
        double factor = Math.pow(1e7, 1.0 / 59);
        for (int i = 1; i < points.size(); i++) {
            assertEquals(factor, points.get(i).rate() / points.get(i - 1).rate(), 1e-9);
            assertTrue(Double.isFinite(points.get(i).loss()));
        }
        Point least = points.stream().min(java.util.Comparator.comparingDouble(Point::smoothed)).orElseThrow();
        assertTrue(found.suggested() <= least.rate() / 10 && found.suggested() > 1e-4 && found.suggested() < 0.05, found::toString);
        assertTrue(least.smoothed() < points.getFirst().smoothed(), "the loss falls before it rises");
        assertEquals(points.subList(0, 9).stream().mapToDouble(Point::loss).average().orElseThrow(), points.get(4).smoothed(), 1e-12);
        assertEquals(points.subList(0, 5).stream().mapToDouble(Point::loss).average().orElseThrow(), points.get(0).smoothed(), 1e-12);
        assertEquals(found, find(3, 2), "the same bits at any number of threads and passes");
    }

    @Test
    void suggestedIsTheSteepestFallButFarFromTheLeastLoss() {
        double[] losses = {5, 5, 4.9, 4, 1, 0.9, 0.8, 9};
        List<Point> points = IntStream.range(0, losses.length).mapToObj(i -> new Point(Math.pow(10, i - 8), losses[i], losses[i])).toList();
        assertEquals(1e-5, LearningRateFinder.suggested(points), 1e-15); // from 4.9 to 1 about point 3; the least is point 6
        assertEquals(1e-5, LearningRateFinder.suggested(points.subList(0, 5)), 1e-15); // the least is point 4, of which a tenth is point 3
        assertEquals(1e-9, LearningRateFinder.suggested(points.subList(0, 1)), 1e-15);
    }

    @Test
    void impossibleRangesAreRefused() {
        for (double[] range : new double[][] {{0, 1}, {1, 1}, {1, 0.1}, {1e-3, Double.NaN}}) {
            assertThrows(IllegalArgumentException.class, () -> LearningRateFinder.run(Initialization.of(TrainerTest.CONFIG, 5), TrainerTest.split(),
                    TrainerTest.preprocessing(), TrainerTest.RECIPE, TrainerOptions.threads(1), range[0], range[1], 60, (step, steps, loss) -> {}));
        }
        assertFalse(Recipe.plain(1, 1, 1).balanced());
        assertThrows(IllegalArgumentException.class, () -> Recipe.plain(1, 1, 1).withPatience(-1));
    }
}
