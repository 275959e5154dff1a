package vit.model.hardening;

import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Map;
import java.util.Random;
import vit.model.InputException;
import vit.model.SessionOptions;
import vit.model.VitModel;
import vit.model.VitSession;
import vit.model.VitTraining;
import vit.model.image.format.ImageDecoder;
import vit.model.image.format.TestImages;
import vit.model.weights.WeightsWriter;

/**
 * Does what a service does in a month, for a given time and in random order: it answers, decodes images of every kind, refuses damaged ones,
 * loads another model and closes it, trains a little and saves. Then it prints how fast resident memory grew after the first quarter, and what
 * has not been given back.
 */
final class SoakProbe {

    private static final int SAMPLES = 120;

    private SoakProbe() {}

    /** @param arguments the number of seconds, and the file of the {@link SmallModel} */
    public static void main(String[] arguments) throws Exception {
        long seconds = Long.parseLong(arguments[0]);
        Path file = Path.of(arguments[1]);
        long[] resident = new long[SAMPLES];
        soak(file, 2, new long[1]); // the JDK opens jars and starts threads that stay
        ProcessFigures before = ProcessFigures.now();
        long calls = soak(file, seconds, resident);
        System.out.println("soak " + seconds + " s, " + calls + " operations, " + before.growth() + ", resident KiB at the end " + resident[SAMPLES - 1]
                + ", KiB an hour " + Math.round(slope(Arrays.copyOfRange(resident, SAMPLES / 4, SAMPLES)) * SAMPLES / seconds * 3600));
    }

    private static long soak(Path file, long seconds, long[] resident) throws Exception {
        try (VitModel model = VitModel.load(file); VitSession session = model.newSession(SessionOptions.threads(2))) {
            return new Soak(file, session).run(seconds, resident);
        }
    }

    /**
     * The median of the slopes between all pairs of samples (Theil and Sen), per sample. A single step, for example when the heap grows, does
     * not move it.
     */
    static double slope(long[] values) {
        return Arrays.stream(pairs(values)).sorted().skip(pairs(values).length / 2).findFirst().orElse(0);
    }

    private static double[] pairs(long[] values) {
        double[] slopes = new double[values.length * (values.length - 1) / 2];
        int n = 0;
        for (int i = 0; i < values.length; i++) {
            for (int j = i + 1; j < values.length; j++) {
                slopes[n++] = (double) (values[j] - values[i]) / (j - i);
            }
        }
        return slopes;
    }

    /** The operations, and the right result of each. */
    private static final class Soak {

        private static final String[] FORMATS = {"png", "jpg", "bmp", "gif"};

        private final Random random = new Random(1);
        private final Path file;
        private final VitSession session;
        private final String right;
        private final byte[][] images = new byte[FORMATS.length][];

        Soak(Path file, VitSession session) throws Exception {
            this.file = file;
            this.session = session;
            this.right = SmallModel.logits();
            for (int i = 0; i < FORMATS.length; i++) {
                images[i] = TestImages.encoded(FORMATS[i], 40, 60);
            }
        }

        long run(long seconds, long[] resident) throws Exception {
            long start = System.nanoTime();
            long operations = 0;
            for (int sample = 0; sample < resident.length; sample++) {
                while (System.nanoTime() - start < seconds * 1_000_000_000L * (sample + 1) / resident.length) {
                    operation();
                    operations++;
                }
                resident[sample] = ProcessFigures.residentKilobytes();
            }
            return operations;
        }

        private void operation() throws Exception {
            int kind = random.nextInt(100);
            if (kind < 1) {
                load();
            } else if (kind < 2) {
                train();
            } else if (kind < 5) {
                damaged();
            } else if (kind < 30) {
                session.classify(ImageDecoder.decode("image", images[kind % FORMATS.length]));
            } else {
                same(SmallModel.call(session));
            }
        }

        private void same(String logits) {
            if (!logits.equals(right)) {
                throw new AssertionError(logits + " instead of " + right);
            }
        }

        private void load() throws Exception {
            try (VitModel model = VitModel.load(file); VitSession own = model.newSession(SessionOptions.threads(2))) {
                same(SmallModel.call(own));
            }
        }

        private void train() throws Exception {
            Path saved = file.resolveSibling("saved.safetensors");
            try (VitTraining training = SmallModel.training(2)) {
                SmallModel.step(training);
                WeightsWriter.write(saved, training, Map.of());
            }
            Files.delete(saved);
        }

        /** Changes some bytes of an image or of weights and reads the result. Whatever comes of it, it must not cost anything that lasts. */
        private void damaged() throws Exception {
            byte[] bytes = random.nextBoolean() ? images[random.nextInt(FORMATS.length)].clone() : Files.readAllBytes(file);
            boolean image = bytes.length != Files.size(file);
            for (int i = 0; i < 4; i++) {
                bytes[random.nextInt(Math.min(bytes.length, 400))] = (byte) random.nextInt();
            }
            try {
                if (image) {
                    ImageDecoder.decode("image", bytes);
                } else {
                    VitModel.load(bytes, Files.readAllBytes(file.resolveSibling("config.json"))).close();
                }
            } catch (InputException e) {
                if (e.getMessage().getBytes(StandardCharsets.UTF_8).length > 5_000) {
                    throw new AssertionError("a message of a page: " + e.getMessage());
                }
            }
        }
    }
}
