package vit.model.train;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.ObjectInputStream;
import java.io.ObjectOutputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import vit.model.Frozen;
import vit.model.InputException;
import vit.model.TokenMerging;
import vit.model.config.VitConfig;
import vit.model.parameters.ParameterSource;
import vit.model.train.data.Split;

/** A whole training whose blocks merge tokens: the same bits however it is computed, interrupted or shared out, and evaluations that merge as its steps do. */
class MergingTrainerTest {

    /** 16 patches. */
    private static final VitConfig CONFIG = VitConfig.builder().image(16, 16).patch(4).width(24).depth(2).heads(3).mlp(40).classes(3).build();

    private static final Recipe RECIPE = TrainerTest.RECIPE.withTokenMerging(TokenMerging.byBlock(3, 2));

    @TempDir
    private Path folder;

    private static Split split() {
        return Split.stratified(new Stripes(48, 16, 1), 0.25, 3);
    }

    private static Trainer trainer(ParameterSource start, Recipe recipe, TrainerOptions options) throws IOException {
        return Trainer.of(start, split(), TrainerTest.preprocessing(), recipe, options);
    }

    private static Trainer trainer(Recipe recipe, TrainerOptions options) throws IOException {
        return trainer(Initialization.of(CONFIG, 5), recipe, options);
    }

    private static String trained(Recipe recipe, TrainerOptions options) throws Exception {
        try (Trainer trainer = trainer(recipe, options)) {
            trainer.train(TrainingListener.NONE);
            return TrainerTest.bits(trainer);
        }
    }

    @Test
    void resultIsTheSameAtAnyThreadCountInAnyPassesAndWithCheckpointing() throws Exception {
        for (Recipe recipe : List.of(RECIPE, RECIPE.withFrozen(Frozen.front(1)))) {
            String expected = trained(recipe, TrainerOptions.threads(1));
            assertEquals(expected, trained(recipe, TrainerOptions.threads(3).withLoaderThreads(2).withAccumulate(3)));
            assertEquals(expected, trained(recipe, TrainerOptions.threads(2).withCheckpointing(true)));
            for (TokenMerging other : List.of(TokenMerging.NONE, TokenMerging.constant(2), TokenMerging.decreasing(2))) {
                assertNotEquals(expected, trained(recipe.withTokenMerging(other), TrainerOptions.threads(2)), other::toString);
            }
        }
    }

    @Test
    void anInterruptedTrainingEndsWithTheSameBytes() throws Exception {
        Path state = folder.resolve("state");
        Path whole = folder.resolve("whole");
        try (Trainer trainer = trainer(RECIPE, TrainerOptions.threads(2))) {
            trainer.train(TrainingListener.NONE);
            trainer.save(whole);
        }
        try (Trainer trainer = trainer(RECIPE, TrainerOptions.threads(1))) {
            trainer.train(new TrainingListener() {
                @Override
                public void step(long step, long steps, double loss) {
                    if (step == 6) {
                        trainer.cancel();
                    }
                }
            });
            trainer.save(state);
        }
        try (Trainer trainer = resume(state, RECIPE)) {
            trainer.train(TrainingListener.NONE);
            trainer.save(state);
        }
        assertArrayEquals(Files.readAllBytes(whole), Files.readAllBytes(state));
        InputException refused = assertThrows(InputException.class, () -> resume(state, TrainerTest.RECIPE).close());
        assertTrue(refused.getMessage().contains("token merging 3,2, not 0"), refused.getMessage());
        assertTrue(Trainer.differences(state, Initialization.of(CONFIG, 5), split(), TrainerTest.preprocessing(), RECIPE).isEmpty());
    }

    private static Trainer resume(Path state, Recipe recipe) throws IOException {
        return Trainer.resume(state, CONFIG, split(), TrainerTest.preprocessing(), recipe, TrainerOptions.threads(1));
    }

    @Test
    void weightsAreEvaluatedAsTheyAreTrained() throws Exception {
        try (Trainer merging = trainer(RECIPE, TrainerOptions.threads(2)); Trainer plain = trainer(TrainerTest.RECIPE, TrainerOptions.threads(2))) {
            List<EpochReport> reports = merging.train(TrainingListener.NONE);
            assertEquals(reports.getLast().validationLoss(), merging.evaluate(merging.weights()).loss());
            assertNotEquals(reports.getLast().validationLoss(), plain.evaluate(merging.weights()).loss());
            plain.train(TrainingListener.NONE);
            FlatParameters flat = new FlatParameters(CONFIG, Frozen.NOTHING);
            assertFalse(Arrays.equals(flat.weights(plain.weights()), flat.weights(merging.weights())), "the steps merge nothing");
        }
    }

    @Test
    void otherMachinesGiveTheSameBits() throws Exception {
        Recipe recipe = RECIPE.withShards(4);
        FlatParameters flat = new FlatParameters(CONFIG, Frozen.NOTHING);
        float[] expected;
        try (Trainer trainer = trainer(recipe, TrainerOptions.threads(2))) {
            trainer.train(TrainingListener.NONE);
            expected = flat.weights(trainer.weights());
        }
        try (Trainer trainer = trainer(recipe, TrainerOptions.threads(1));
                ShardWorker machine = new ShardWorker(split().training(), CONFIG, TrainerTest.preprocessing(), sent(recipe), TrainerOptions.threads(3))) {
            trainer.train(TrainingListener.NONE, (step, training) -> {
                machine.begin(step, flat.weights(training));
                GradientTree tree = new GradientTree(4);
                for (int shard = 3; shard >= 0; shard--) {
                    tree.add(machine.compute(step, shard));
                }
                flat.setGradients(training, tree.root().gradient());
                return tree.root().statistics();
            });
            assertArrayEquals(expected, flat.weights(trainer.weights()));
        }
    }

    /** The recipe as another machine gets it. */
    private static Recipe sent(Recipe recipe) throws IOException, ClassNotFoundException {
        ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        try (ObjectOutputStream out = new ObjectOutputStream(bytes)) {
            out.writeObject(recipe);
        }
        try (ObjectInputStream in = new ObjectInputStream(new ByteArrayInputStream(bytes.toByteArray()))) {
            Recipe arrived = (Recipe) in.readObject();
            assertEquals(recipe, arrived);
            return arrived;
        }
    }

    /** Every block has another number of tokens, and rows beyond them are left from earlier. */
    @Test
    void aLossThatIsNotFiniteNamesTheFirstBadLayer() throws Exception {
        ParameterSource broken = new BrokenParameter(Initialization.of(CONFIG, 5), "blocks.1.norm1.weight", Float.NaN);
        try (Trainer trainer = trainer(broken, RECIPE.withStochasticDepth(0), TrainerOptions.threads(2).withAccumulate(2))) {
            String message = assertThrows(DivergedException.class, () -> trainer.train(TrainingListener.NONE)).getMessage();
            assertTrue(message.contains("blocks.1 (stage.block.1): NaN in image 0 of the batch"), message);
        }
    }

    @Test
    void aModelWhoseTokensCannotBeMergedIsRefused() {
        VitConfig config = CONFIG.toBuilder().queryKeyNorm(true).build();
        String message = assertThrows(IllegalArgumentException.class, () -> trainer(Initialization.of(config, 5), RECIPE, TrainerOptions.threads(1))).getMessage();
        assertTrue(message.startsWith("this model's tokens cannot be merged"), message);
    }
}
