package vit.model.train;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import vit.model.Frozen;
import vit.model.InputException;
import vit.model.TrainingOptions;
import vit.model.VitTraining;
import vit.model.config.VitConfig;
import vit.model.image.Preprocessing;
import vit.model.train.augment.Augmentation;
import vit.model.train.augment.Mixing;
import vit.model.train.data.BatchPlan;
import vit.model.train.data.Split;

class ShardedTrainingTest {

    private static final int IMAGES = 37; // the last step of an epoch has 5 images for 8 shards
    private static final VitConfig CONFIG = VitConfig.builder().image(16, 16).patch(4).width(16).depth(2).heads(2).classes(3).build();
    private static final Recipe RECIPE = Recipe.plain(2, 16, 2e-3).withSeed(3).withClip(1).withAverage(0.9).withAugmentation(Augmentation.RAND_AUGMENT)
            .withMixing(new Mixing(0.8, 1)).withDropout(0.1).withStochasticDepth(0.2).withShards(8);

    @TempDir
    private Path folder;

    private static Preprocessing preprocessing() throws InputException {
        return Preprocessing.named("shapes");
    }

    private static Trainer trainer(Recipe recipe, TrainerOptions options) throws IOException {
        return Trainer.of(Initialization.of(CONFIG, 5), Split.stratified(new Stripes(IMAGES + 6, 16, 1), 0.15, 0), preprocessing(), recipe, options);
    }

    private static float[] weights(Trainer trainer) throws IOException {
        return new FlatParameters(CONFIG, Frozen.NOTHING).weights(trainer.weights());
    }

    @Test
    void otherMachinesGiveTheSameBits() throws Exception {
        float[] expected;
        List<EpochReport> reports;
        try (Trainer trainer = trainer(RECIPE, TrainerOptions.threads(2).withLoaderThreads(3))) {
            reports = trainer.train(TrainingListener.NONE);
            expected = weights(trainer);
        }
        List<ShardWorker> machines = new ArrayList<>();
        try (Trainer trainer = trainer(RECIPE, TrainerOptions.threads(1))) {
            for (int threads = 1; threads <= 3; threads++) {
                TrainerOptions options = TrainerOptions.threads(threads).withAccumulate(threads);
                machines.add(new ShardWorker(Split.stratified(new Stripes(IMAGES + 6, 16, 1), 0.15, 0).training(), CONFIG, preprocessing(), RECIPE, options));
            }
            FlatParameters flat = new FlatParameters(CONFIG, Frozen.NOTHING);
            Random random = new Random(1);
            trainer.train(TrainingListener.NONE, (step, training) -> {
                float[] sent = flat.weights(training);
                for (ShardWorker machine : machines) {
                    machine.begin(step, sent);
                }
                List<Integer> shards = new ArrayList<>(List.of(0, 1, 2, 3, 4, 5, 6, 7));
                Collections.shuffle(shards, random);
                GradientTree tree = new GradientTree(8);
                for (int shard : shards) {
                    machines.get(random.nextInt(3)).compute(step, shard); // an attempt that was lost
                    tree.add(machines.get(random.nextInt(3)).compute(step, shard));
                }
                flat.setGradients(training, tree.root().gradient());
                return tree.root().statistics();
            });
            assertArrayEquals(expected, weights(trainer));
            assertEquals(reports.getLast().loss(), trainer.history().getLast().loss());
            assertEquals(reports.getLast().accuracy(), trainer.history().getLast().accuracy());
        } finally {
            machines.forEach(ShardWorker::close);
        }
    }

    @Test
    void bitsDoNotDependOnThreadsOrPassesButOnTheShards() throws Exception {
        List<float[]> found = new ArrayList<>();
        for (TrainerOptions options : List.of(TrainerOptions.threads(1), TrainerOptions.threads(3).withLoaderThreads(2).withPrefetch(1).withAccumulate(2))) {
            try (Trainer trainer = trainer(RECIPE, options)) {
                trainer.train(TrainingListener.NONE);
                found.add(weights(trainer));
            }
        }
        assertArrayEquals(found.get(0), found.get(1));
        try (Trainer trainer = trainer(RECIPE.withShards(1), TrainerOptions.threads(2))) {
            trainer.train(TrainingListener.NONE);
            assertFalse(Arrays.equals(found.get(0), weights(trainer)));
        }
    }

    @Test
    void aStateOfOtherShardsIsRefused() throws Exception {
        Path state = folder.resolve("state");
        Split split = Split.stratified(new Stripes(IMAGES + 6, 16, 1), 0.15, 0);
        try (Trainer trainer = trainer(RECIPE, TrainerOptions.threads(1))) {
            trainer.save(state);
        }
        Trainer.resume(state, CONFIG, split, preprocessing(), RECIPE, TrainerOptions.threads(1)).close();
        InputException refused = assertThrows(InputException.class,
                () -> Trainer.resume(state, CONFIG, split, preprocessing(), RECIPE.withShards(4), TrainerOptions.threads(1)).close());
        assertTrue(refused.getMessage().contains("shards 8, not 4"), refused.getMessage());
        assertThrows(IllegalArgumentException.class, () -> RECIPE.withShards(6));
    }

    @Test
    void shardsHaveEveryImageOfAStepOnce() {
        for (int shards : new int[] {1, 2, 8, 32}) {
            BatchPlan plan = new BatchPlan(IMAGES, 16, shards, 9, true);
            assertEquals(3, plan.stepsPerEpoch());
            int most = 0;
            for (long step = 0; step < 6; step++) {
                assertEquals(step % 3 < 2 ? 16 : 5, plan.count(step));
                for (int shard = 0; shard < shards; shard++) {
                    assertTrue(plan.first(step, shard) <= plan.first(step, shard + 1));
                    most = Math.max(most, plan.first(step, shard + 1) - plan.first(step, shard));
                }
                assertEquals(plan.count(step), plan.first(step, shards));
            }
            assertEquals(most, plan.mostInShard());
        }
    }

    /** A part of a step has the dropout masks of the whole, and weights that are set are those that run. */
    @Test
    void partsOfAStepHaveTheMasksOfTheWhole() throws Exception {
        TrainingOptions options = TrainingOptions.of(2, 4).withDropout(0.3).withStochasticDepth(0.3).withSeed(2);
        float[] images = new float[4 * 3 * 16 * 16];
        for (int i = 0; i < images.length; i++) {
            images[i] = (float) Math.sin(i);
        }
        int[] labels = {0, 1, 2, 0};
        int half = images.length / 2;
        try (VitTraining whole = VitTraining.of(Initialization.of(CONFIG, 5), options, null); VitTraining part = VitTraining.of(Initialization.of(CONFIG, 6), options, null)) {
            float[] expected = new float[12];
            whole.clearGradients();
            whole.accumulate(images, labels, 4, 1);
            whole.logits(expected, 4);
            FlatParameters flat = new FlatParameters(CONFIG, Frozen.NOTHING);
            flat.setWeights(part, flat.weights(whole));
            float[] found = new float[6];
            part.clearGradients(2);
            part.accumulate(Arrays.copyOfRange(images, half, 2 * half), new int[] {2, 0}, 2, 1);
            part.logits(found, 2);
            assertArrayEquals(Arrays.copyOfRange(expected, 6, 12), found);
            part.clearGradients();
            part.accumulate(images, labels, 4, 1);
            assertArrayEquals(flat.gradients(whole), flat.gradients(part), "the backward pass uses the weights that were set");
            float[] doubled = flat.gradients(whole);
            for (int i = 0; i < doubled.length; i++) {
                doubled[i] *= 2;
            }
            double norm = whole.gradientNorm();
            flat.setGradients(whole, doubled);
            assertEquals(2 * norm, whole.gradientNorm());
            assertThrows(IllegalArgumentException.class, () -> part.clearGradients(-1));
        }
    }
}
