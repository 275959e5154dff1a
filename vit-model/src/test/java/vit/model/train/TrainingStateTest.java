package vit.model.train;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import vit.model.InputException;
import vit.model.Optimizer;
import vit.model.image.Preprocessing;

/** Training that is saved, thrown away and resumed, against training that is never interrupted. */
class TrainingStateTest {

    @TempDir
    private Path folder;

    /** Trains until step {@code stop}, saving there. */
    private static void trainUntil(Trainer trainer, long stop, Path state) throws Exception {
        trainer.train(new TrainingListener() {
            @Override
            public void step(long step, long steps, double loss) {
                if (step == stop) {
                    trainer.cancel();
                }
            }
        });
        assertEquals(stop, trainer.progress().steps());
        trainer.save(state);
    }

    private byte[] uninterrupted(Recipe recipe) throws Exception {
        Path state = folder.resolve("uninterrupted");
        try (Trainer trainer = TrainerTest.trainer(recipe, TrainerOptions.threads(2))) {
            trainer.train(TrainingListener.NONE);
            trainer.save(state);
        }
        return Files.readAllBytes(state);
    }

    private static Trainer resume(Path state, Recipe recipe) throws IOException {
        return Trainer.resume(state, TrainerTest.CONFIG, TrainerTest.split(), TrainerTest.preprocessing(), recipe, TrainerOptions.threads(1));
    }

    @Test
    void resumeAfterStopsAtRandomPointsEqualsTheUninterruptedRunByteForByte() throws Exception {
        byte[] expected = uninterrupted(TrainerTest.RECIPE);
        long seed = System.nanoTime();
        Random random = new Random(seed);
        for (int round = 0; round < 3; round++) {
            Path state = folder.resolve("state " + round);
            long stop = 1 + random.nextInt(5);
            try (Trainer trainer = TrainerTest.trainer(TrainerTest.RECIPE, TrainerOptions.threads(2))) {
                trainUntil(trainer, stop, state);
            }
            try (Trainer trainer = resume(state, TrainerTest.RECIPE)) {
                trainUntil(trainer, stop + 1 + random.nextInt(5), state);
            }
            try (Trainer trainer = resume(state, TrainerTest.RECIPE)) {
                trainer.train(TrainingListener.NONE);
                trainer.save(state);
            }
            assertArrayEquals(expected, Files.readAllBytes(state), "seed " + seed + ", round " + round);
        }
    }

    @Test
    void everyOptimizerResumes() throws Exception {
        for (Optimizer optimizer : List.of(Optimizer.sgd(0.9, 0.1), Optimizer.sgd(0, 0).forHeadOnly(), Optimizer.adamW(0.1).withLayerDecay(0.5))) {
            Recipe recipe = TrainerTest.RECIPE.withOptimizer(optimizer).withAverage(0);
            byte[] expected = uninterrupted(recipe);
            Path state = folder.resolve("state");
            try (Trainer trainer = TrainerTest.trainer(recipe, TrainerOptions.threads(2))) {
                trainUntil(trainer, 7, state);
            }
            try (Trainer trainer = resume(state, recipe)) {
                trainer.train(TrainingListener.NONE);
                trainer.save(state);
            }
            assertArrayEquals(expected, Files.readAllBytes(state), optimizer::toString);
        }
    }

    @Test
    void aStateOfAnotherTrainingIsRefused() throws Exception {
        Path state = folder.resolve("state");
        try (Trainer trainer = TrainerTest.trainer(TrainerTest.RECIPE, TrainerOptions.threads(1))) {
            trainer.save(state);
        }
        InputException fault = assertThrows(InputException.class, () -> resume(state, TrainerTest.RECIPE.withSeed(8)));
        assertTrue(fault.getMessage().contains("another one") && fault.getMessage().contains("seed=8") && fault.getMessage().contains("seed=7"),
                fault::getMessage);
        assertThrows(InputException.class, () -> Trainer.resume(state, TrainerTest.CONFIG, TrainerTest.split(), Preprocessing.named("deit"),
                TrainerTest.RECIPE, TrainerOptions.threads(1)));
        assertThrows(InputException.class, () -> Trainer.resume(state, TrainerTest.CONFIG, Split.stratified(new Stripes(48, 10, 1), 0.5, 3),
                TrainerTest.preprocessing(), TrainerTest.RECIPE, TrainerOptions.threads(1)));
        assertThrows(InputException.class, () -> Trainer.resume(state, TrainerTest.CONFIG.toBuilder().mlp(48).build(), TrainerTest.split(),
                TrainerTest.preprocessing(), TrainerTest.RECIPE, TrainerOptions.threads(1)));
        resume(state, TrainerTest.RECIPE).close();
    }

    @Test
    void damagedStatesAreRefused() throws Exception {
        Path state = folder.resolve("state");
        try (Trainer trainer = TrainerTest.trainer(TrainerTest.RECIPE, TrainerOptions.threads(1))) {
            trainUntil(trainer, 2, state);
        }
        byte[] bytes = Files.readAllBytes(state);
        for (int length : new int[] {0, 7, 100, bytes.length / 2, bytes.length - 1}) {
            Files.write(state, java.util.Arrays.copyOf(bytes, length));
            assertThrows(InputException.class, () -> resume(state, TrainerTest.RECIPE), () -> "cut to " + length);
        }
        for (String[] change : new String[][] {{"\\\"steps\\\":2", "\\\"steps\\\":9"}, {"\\\"seen\\\":20", "\\\"seen\\\":-2"}, {"\\\"version\\\":1", "\\\"version\\\":2"},
            {"weight.cls_token", "weighx.cls_token"}, {"average.norm.bias", "averagx.norm.bias"}, {"vit.training", "vit.trainang"}}) {
            String text = new String(bytes, java.nio.charset.StandardCharsets.ISO_8859_1);
            assertTrue(text.contains(change[0]), change[0]);
            Files.write(state, text.replace(change[0], change[1]).getBytes(java.nio.charset.StandardCharsets.ISO_8859_1));
            assertThrows(InputException.class, () -> resume(state, TrainerTest.RECIPE), change[1]);
        }
    }
}
