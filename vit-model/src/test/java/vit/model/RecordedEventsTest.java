package vit.model;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.List;
import java.util.Locale;
import jdk.jfr.consumer.RecordedEvent;
import jdk.jfr.consumer.RecordingFile;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import vit.kernels.verify.ChildProcess;
import vit.model.config.VitConfig;
import vit.model.image.Preprocessing;
import vit.model.parameters.GeneratedWeights;
import vit.model.shapes.ShapeSource;
import vit.model.train.EpochReport;
import vit.model.train.Initialization;
import vit.model.train.Recipe;
import vit.model.train.Trainer;
import vit.model.train.TrainerOptions;
import vit.model.train.TrainingFolder;
import vit.model.train.TrainingListener;
import vit.model.train.data.Split;

/** What a recording holds of a training and of passes. They run in JVMs of their own, so that the suite itself is not recorded. */
class RecordedEventsTest {

    private static final String SETTINGS = Path.of("docs/vit.jfc").toAbsolutePath().toString();

    @TempDir
    private Path folder;

    private record Recorded(List<String> output, List<RecordedEvent> events) {

        List<RecordedEvent> of(String name) {
            return events.stream().filter(event -> event.getEventType().getName().equals(name)).sorted(Comparator.comparing(RecordedEvent::getStartTime)).toList();
        }

        List<String> lines(String prefix) {
            return output.stream().filter(line -> line.startsWith(prefix)).toList();
        }
    }

    private Recorded record(String settings, Class<?> program, String... arguments) throws IOException, InterruptedException {
        Path file = folder.resolve("recording.jfr");
        List<String> command = new ArrayList<>(List.of(ProcessHandle.current().info().command().orElseThrow(), "--add-modules=jdk.incubator.vector",
                "-XX:StartFlightRecording:filename=" + file + ",settings=" + settings, "-cp", System.getProperty("java.class.path"), program.getName()));
        command.addAll(List.of(arguments));
        String output = ChildProcess.output(new ProcessBuilder(command).redirectErrorStream(true));
        return new Recorded(output.lines().toList(), RecordingFile.readAllEvents(file));
    }

    @Test
    void everyEpochAndCheckpointOfATrainingIsRecorded() throws Exception {
        Recorded recorded = record(SETTINGS, Training.class, folder.toString());
        List<String> epochs = recorded.of("vit.Epoch").stream().map(event -> Training.line(event.getInt("epoch"), event.getDouble("loss"), event.getDouble("accuracy"),
                event.getDouble("validationLoss"), event.getDouble("validationAccuracy"))).toList();
        assertEquals(recorded.lines("epoch "), epochs);
        assertEquals(3, epochs.size());
        for (RecordedEvent epoch : recorded.of("vit.Epoch")) {
            assertEquals(Training.IMAGES, epoch.getLong("images"));
            assertTrue(epoch.getDuration().compareTo(Duration.ofMillis(1)) > 0, epoch::toString);
        }
        assertTrue(recorded.of("vit.Epoch").get(0).getEndTime().compareTo(recorded.of("vit.Epoch").get(1).getStartTime()) <= 0, "epochs do not overlap");

        List<RecordedEvent> checkpoints = recorded.of("vit.Checkpoint");
        TrainingFolder written = new TrainingFolder(folder);
        assertEquals(List.of(written.best(), written.last(), written.state()).stream().map(Path::toString).toList(),
                checkpoints.stream().map(event -> event.getString("file")).toList());
        for (RecordedEvent checkpoint : checkpoints) {
            assertEquals(Files.size(Path.of(checkpoint.getString("file"))), checkpoint.getLong("bytes"));
            assertTrue(checkpoint.getDuration().isPositive(), checkpoint::toString);
        }
    }

    /** Trains a small model and prints its epochs. */
    static final class Training {

        static final int IMAGES = 60;

        private Training() {}

        static String line(int epoch, double... figures) {
            return "epoch " + epoch + " " + Arrays.toString(figures);
        }

        public static void main(String[] arguments) throws Exception {
            VitConfig config = VitConfig.builder().family("timm").image(16, 16).patch(8).width(16).depth(2).heads(2).mlp(20).classes(12).build();
            Split split = new Split(new ShapeSource(1, 16, IMAGES, 0, 1, true), new ShapeSource(2, 16, 24, 0, 1, false));
            TrainingFolder folder = new TrainingFolder(Path.of(arguments[0]));
            try (Trainer trainer = Trainer.of(new Initialization(config, Initialization.Scheme.TIMM, 0), split, Preprocessing.named("shapes"), Recipe.plain(3, 12, 1e-3),
                    TrainerOptions.threads(1))) {
                for (EpochReport epoch : trainer.train(TrainingListener.NONE)) {
                    System.out.println(line(epoch.epoch(), epoch.loss(), epoch.accuracy(), epoch.validationLoss(), epoch.validationAccuracy()));
                }
                folder.writeBest(trainer);
                folder.write(trainer);
            }
        }
    }

    @Test
    void blocksAreRecordedOnlyIfASettingAsksForThem() throws Exception {
        Recorded without = record(SETTINGS, Passes.class);
        assertEquals(List.of(), without.of("vit.Layer"));
        assertEquals(1, without.of("vit.Load").size(), "the recording ran");
        assertEquals(List.of(), record("default", Passes.class).of("vit.Layer"));

        Recorded with = record(SETTINGS + ",vit.Layer#enabled=true", Passes.class);
        assertEquals(without.lines("bits "), with.lines("bits "), "recording changes no bit");
        List<RecordedEvent> blocks = with.of("vit.Layer");
        int at = 0;
        for (Pass pass : Passes.ALL) {
            for (int threads : Passes.THREADS) {
                Duration sum = Duration.ZERO;
                for (int block = 0; block < pass.blocks; block++) {
                    RecordedEvent event = blocks.get(at++);
                    assertEquals(block, event.getInt("block"), pass::toString);
                    assertEquals(pass.batch, event.getInt("batch"), pass::toString);
                    assertEquals(threads, event.getInt("workers"), pass::toString);
                    assertEquals("main", event.getThread().getJavaName());
                    assertTrue(event.getDuration().isPositive(), event::toString);
                    sum = sum.plus(event.getDuration());
                }
                long nanos = Long.parseLong(with.lines("nanos " + pass + " " + threads + " ").getFirst().split(" ")[3]);
                System.out.printf(Locale.ROOT, "%s, %d threads: blocks are %.2f of the pass%n", pass, threads, sum.toNanos() / (double) nanos);
                assertTrue(sum.toNanos() <= nanos, () -> pass + ": the blocks took longer than the pass");
            }
        }
        assertEquals(at, blocks.size());
    }

    /** The ways in which a session runs its blocks. */
    private enum Pass {
        LOGITS(2, 6), POOLED(1, 6), OBSERVED(1, 6), EARLY_BLOCK(2, 3), EVERYTHING(1, 6);

        private final int batch;
        private final int blocks;

        Pass(int batch, int blocks) {
            this.batch = batch;
            this.blocks = blocks;
        }
    }

    /** Runs passes of a model and prints what they computed and how long they took. */
    static final class Passes {

        static final Pass[] ALL = Pass.values();
        static final int[] THREADS = {1, 2};

        private Passes() {}

        public static void main(String[] arguments) throws IOException {
            VitModel.shipped().close();
            VitConfig config = VitConfig.builder().family("timm").image(32, 32).patch(4).width(64).depth(6).heads(4).mlp(128).classes(5).build();
            float[] images = new float[2 * 3 * 32 * 32];
            for (int i = 0; i < images.length; i++) {
                images[i] = (float) Math.sin(i);
            }
            try (VitModel model = VitModel.of(new GeneratedWeights(config, 1))) {
                for (Pass pass : ALL) {
                    for (int threads : THREADS) {
                        try (VitSession session = model.newSession(SessionOptions.threads(threads).withBatch(2).withAllTokens(pass != Pass.POOLED))) {
                            long begin = System.nanoTime();
                            float[] result = run(session, model, pass, images);
                            System.out.println("nanos " + pass + " " + threads + " " + (System.nanoTime() - begin));
                            System.out.println("bits " + pass + " " + threads + " " + Arrays.hashCode(result));
                        }
                    }
                }
            }
        }

        private static float[] run(VitSession session, VitModel model, Pass pass, float[] images) {
            float[] logits = new float[2 * 5];
            switch (pass) {
                case LOGITS, POOLED -> session.logits(images, pass.batch, logits);
                case OBSERVED -> session.forward(images, pass.batch, logits, (_, _) -> { });
                case EARLY_BLOCK, EVERYTHING -> {
                    FeatureRequest request = pass == Pass.EARLY_BLOCK ? FeatureRequest.blocks(0, 2) : FeatureRequest.embedding().and(FeatureRequest.patches());
                    Features features = Features.of(model.config(), request, 2);
                    session.features(images, pass.batch, features);
                    return pass == Pass.EARLY_BLOCK ? features.block(2) : features.embedding();
                }
            }
            return logits;
        }
    }
}
