package vit.model.train;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Random;
import java.util.zip.CRC32C;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import vit.model.Frozen;
import vit.model.InputException;
import vit.model.Optimizer;
import vit.model.image.Preprocessing;
import vit.model.train.data.Split;
import vit.model.weights.format.FaultyFileSystem;

/** Training that is saved, thrown away and resumed, against training that is never interrupted. */
class TrainingStateTest {

    @TempDir
    private Path folder;

    /** Trains until step {@code stop} and saves the state there. */
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
        for (Optimizer optimizer : List.of(Optimizer.sgd(0.9, 0.1), Optimizer.adamW(0.1).withLayerDecay(0.5))) {
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
    void whatIsFrozenHasNoStateAndTheTrainingResumes() throws Exception {
        int whole = uninterrupted(TrainerTest.RECIPE).length;
        for (Frozen frozen : List.of(Frozen.front(0), Frozen.front(1), Frozen.ALL_BUT_HEAD)) {
            Recipe recipe = TrainerTest.RECIPE.withFrozen(frozen);
            byte[] expected = uninterrupted(recipe);
            Path state = folder.resolve("state");
            try (Trainer trainer = TrainerTest.trainer(recipe, TrainerOptions.threads(2))) {
                trainUntil(trainer, 7, state);
                long frozenFloats = trainer.training().parameters().count() - frozen.trainedCount(trainer.training().parameters());
                long missing = 3 * Float.BYTES * frozenFloats; // average, and mean and square of Adam
                assertTrue(expected.length <= whole - missing && expected.length > whole - missing - 20_000,
                        () -> expected.length + " bytes, of " + whole + " without " + missing);
            }
            try (Trainer trainer = resume(state, recipe)) {
                trainer.train(TrainingListener.NONE);
                trainer.save(state);
            }
            assertArrayEquals(expected, Files.readAllBytes(state), frozen::toString);
            InputException fault = assertThrows(InputException.class, () -> resume(state, TrainerTest.RECIPE.withFrozen(Frozen.front(2))));
            assertTrue(fault.getMessage().contains("the stem and 2 blocks"), fault::getMessage);
        }
    }

    @Test
    void aStateOfAnotherTrainingIsRefused() throws Exception {
        Path state = folder.resolve("state");
        try (Trainer trainer = TrainerTest.trainer(TrainerTest.RECIPE, TrainerOptions.threads(1))) {
            trainer.save(state);
        }
        InputException fault = assertThrows(InputException.class, () -> resume(state, TrainerTest.RECIPE.withSeed(8)));
        assertTrue(fault.getMessage().contains("another one") && fault.getMessage().contains("seed 7, not 8"),
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
    void everyDifferenceIsNamed() throws Exception {
        Path state = folder.resolve("state");
        try (Trainer trainer = TrainerTest.trainer(TrainerTest.RECIPE, TrainerOptions.threads(1))) {
            trainer.save(state);
        }
        Recipe other = TrainerTest.RECIPE.withEpochs(4).withBatch(9).withSchedule(Schedule.linear(1e-3, 0.1)).withAverage(0.5).withName("another name");
        List<TrainingOrigin.Difference> differences = Trainer.differences(state, Initialization.of(TrainerTest.CONFIG, 6), TrainerTest.split(),
                TrainerTest.preprocessing(), other);
        assertEquals(List.of("epochs 3, not 4", "batch 10, not 9", "schedule COSINE, not LINEAR", "learning rate 0.002, not 0.001", "warm-up 0.2, not 0.1",
                "average 0.9, not 0.5", "start initialisation timm of seed 5, not initialisation timm of seed 6"),
                differences.stream().map(TrainingOrigin.Difference::toString).toList());
        assertEquals(List.of(), Trainer.differences(state, Initialization.of(TrainerTest.CONFIG, 5), TrainerTest.split(), TrainerTest.preprocessing(),
                TrainerTest.RECIPE));
        assertThrows(InputException.class, () -> Trainer.resume(state, Initialization.of(TrainerTest.CONFIG, 6), TrainerTest.split(),
                TrainerTest.preprocessing(), TrainerTest.RECIPE, TrainerOptions.threads(1)));
    }

    @Test
    void oneRegionAfterAnotherIsDamagedAndTold() throws Exception {
        Path state = folder.resolve("state");
        try (Trainer trainer = TrainerTest.trainer(TrainerTest.RECIPE, TrainerOptions.threads(1))) {
            trainUntil(trainer, 2, state);
        }
        byte[] bytes = Files.readAllBytes(state);
        int regions = 200;
        int told = 0;
        Random random = new Random(5);
        for (int region = 0; region < regions; region++) {
            int from = (int) ((long) region * bytes.length / regions);
            int length = (int) ((long) (region + 1) * bytes.length / regions) - from;
            byte[] damaged = bytes.clone();
            switch (region % 3) {
                case 0 -> damaged[from + random.nextInt(length)] ^= (byte) (1 << random.nextInt(8)); // one bit
                case 1 -> java.util.Arrays.fill(damaged, from, from + length, (byte) 0); // a block that was never written
                default -> {
                    byte[] noise = new byte[length];
                    random.nextBytes(noise);
                    System.arraycopy(noise, 0, damaged, from, length);
                }
            }
            if (java.util.Arrays.equals(bytes, damaged)) {
                continue; // these bytes were zeros before
            }
            Files.write(state, damaged);
            int number = region;
            assertThrows(InputException.class, () -> resume(state, TrainerTest.RECIPE), () -> "region " + number);
            told++;
        }
        assertTrue(told > regions / 2, told + " of " + regions);
        System.out.println(told + " damaged regions of " + regions + ", all told");
        Files.write(state, bytes);
        resume(state, TrainerTest.RECIPE).close();
    }

    @Test
    void theStateBeforeIsKeptAndLeadsToTheSameBytes() throws Exception {
        byte[] expected = uninterrupted(TrainerTest.RECIPE);
        TrainingFolder kept = new TrainingFolder(folder.resolve("kept"));
        kept.prepare();
        try (Trainer trainer = TrainerTest.trainer(TrainerTest.RECIPE, TrainerOptions.threads(1))) {
            for (int stop : new int[] {2, 5}) {
                trainer.train(new TrainingListener() {
                    @Override
                    public void step(long step, long steps, double loss) {
                        if (step == stop) {
                            trainer.cancel();
                        }
                    }
                });
                kept.writeState(trainer);
            }
        }
        Files.write(kept.state(), new byte[100]);
        assertThrows(InputException.class, () -> resume(kept.state(), TrainerTest.RECIPE));
        try (Trainer trainer = resume(kept.previousState(), TrainerTest.RECIPE)) {
            assertEquals(2, trainer.progress().steps());
            kept.restorePrevious();
            trainer.train(TrainingListener.NONE);
            kept.writeState(trainer);
        }
        assertArrayEquals(expected, Files.readAllBytes(kept.state()));
        resume(kept.previousState(), TrainerTest.RECIPE).close();
    }

    /**
     * The disk fails at one of the operations of a training. Then the disk works again, training is resumed, and all its files must be those
     * of an uninterrupted run.
     */
    @Test
    void whicheverOperationOfTheDiskFailsResumeLeavesTheBytesOfAnUninterruptedRun() throws Exception {
        FaultyFileSystem disk = new FaultyFileSystem();
        Recipe recipe = TrainerTest.RECIPE.withEpochs(2);
        Path whole = folder.resolve("whole");
        disk.fail(Long.MAX_VALUE, false, "");
        trainInto(disk.of(whole), recipe, false);
        long operations = disk.operations();
        for (long k = 1; k <= operations; k += 1 + operations / 23) {
            Path broken = folder.resolve("broken " + k);
            String where = "operation " + k + " of " + operations;
            disk.fail(k, k % 2 == 0, "No space left on device");
            try {
                trainInto(disk.of(broken), recipe, false);
            } catch (IOException e) {
                assertTrue(e.getMessage().contains(broken.toString()), () -> where + ": " + e);
            }
            assertNoTemporaryFile(broken, where);
            disk.fail(Long.MAX_VALUE, false, "");
            trainInto(disk.of(broken), recipe, Files.exists(broken.resolve("state.safetensors")));
            for (String file : List.of("state.safetensors", "best.safetensors", "last.safetensors", "metrics.csv", "config.json", "labels.txt")) {
                assertArrayEquals(Files.readAllBytes(whole.resolve(file)), Files.readAllBytes(broken.resolve(file)), where + ", " + file);
            }
        }
        System.out.println("a disk that fails at one of " + operations + " operations of a training");
    }

    private static void assertNoTemporaryFile(Path folder, String where) throws IOException {
        try (var files = Files.list(folder)) {
            assertEquals(List.of(), files.filter(file -> file.getFileName().toString().startsWith(".")).toList(), where);
        }
    }

    private static void trainInto(Path path, Recipe recipe, boolean resumed) throws Exception {
        TrainingFolder folder = new TrainingFolder(path);
        folder.prepare();
        try (Trainer trainer = resumed ? resume(folder.state(), recipe) : TrainerTest.trainer(recipe, TrainerOptions.threads(1))) {
            if (!resumed) {
                trainer.save(folder.state());
            }
            folder.describe(trainer.config(), TrainerTest.split().classes(), TrainerTest.preprocessing());
            trainer.train(new TrainingListener() {
                @Override
                public void epoch(EpochReport report) throws IOException {
                    if (report.best()) {
                        folder.writeBest(trainer);
                    }
                    folder.write(trainer);
                }
            });
            folder.write(trainer);
        }
    }

    /** Makes the checksum right again, so that the state is refused because of its contents. */
    private static void seal(byte[] bytes) {
        CRC32C sum = new CRC32C();
        sum.update(bytes, 0, bytes.length - Long.BYTES);
        ByteBuffer.wrap(bytes).order(ByteOrder.LITTLE_ENDIAN).putLong(bytes.length - Long.BYTES, sum.getValue());
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
        for (String[] change : new String[][] {{"\\\"steps\\\":2", "\\\"steps\\\":9"}, {"\\\"seen\\\":20", "\\\"seen\\\":-2"}, {"\\\"version\\\":3", "\\\"version\\\":1"},
            {"weight.cls_token", "weighx.cls_token"}, {"average.norm.bias", "averagx.norm.bias"}, {"vit.training", "vit.trainang"}}) {
            String text = new String(bytes, java.nio.charset.StandardCharsets.ISO_8859_1);
            assertTrue(text.contains(change[0]), change[0]);
            byte[] changed = text.replace(change[0], change[1]).getBytes(java.nio.charset.StandardCharsets.ISO_8859_1);
            seal(changed);
            Files.write(state, changed);
            InputException fault = assertThrows(InputException.class, () -> resume(state, TrainerTest.RECIPE), change[1]);
            assertFalse(fault.getMessage().contains("damaged"), fault::getMessage);
        }
    }
}
