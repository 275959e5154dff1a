package vit.model.hardening;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Map;
import vit.model.Optimizer;
import vit.model.SessionOptions;
import vit.model.TrainingOptions;
import vit.model.VitModel;
import vit.model.VitSession;
import vit.model.VitTraining;
import vit.model.config.VitConfig;
import vit.model.parameters.GeneratedWeights;
import vit.model.weights.WeightsWriter;

/** The model that is attacked, with its file and the right results. It is so small that a call ends soon even in the interpreter. */
final class SmallModel {

    static final int CLASSES = 3;

    static final VitConfig CONFIG = VitConfig.builder().family("timm").image(8, 8).patch(4).width(16).depth(2).heads(2).mlp(20).classes(CLASSES).build();

    private static final String CONFIG_JSON = """
            {"family":"timm","image":[8,8],"patch":4,"width":16,"depth":2,"heads":2,"mlp":20,"classes":3}""";

    static final float[] IMAGE = image();

    private static final int[] LABEL = {1};

    private SmallModel() {}

    private static float[] image() {
        float[] image = new float[3 * 8 * 8];
        for (int i = 0; i < image.length; i++) {
            image[i] = i % 7 / 3f - 1;
        }
        return image;
    }

    static VitModel open() throws IOException {
        return VitModel.of(new GeneratedWeights(CONFIG, 0));
    }

    /** Writes weights and configuration into the folder and returns the weights' file. */
    static Path write(Path folder) throws IOException {
        Files.writeString(folder.resolve("config.json"), CONFIG_JSON, StandardCharsets.UTF_8);
        Path file = folder.resolve("model.safetensors");
        WeightsWriter.write(file, new GeneratedWeights(CONFIG, 0), Map.of());
        return file;
    }

    /** The logits of {@link #IMAGE} as text. */
    static String call(VitSession session) {
        float[] logits = new float[CLASSES];
        session.logits(IMAGE, 1, logits);
        return Arrays.toString(logits);
    }

    /** The right logits. */
    static String logits() throws IOException {
        try (VitModel model = open(); VitSession session = model.newSession(SessionOptions.threads(1))) {
            return call(session);
        }
    }

    static VitTraining training(int threads) throws IOException {
        return VitTraining.of(new GeneratedWeights(CONFIG, 0), TrainingOptions.of(threads, 1), Optimizer.adamW(0.01));
    }

    /** Trains one step. Returns its loss and the norm of its gradients as text. */
    static String step(VitTraining training) {
        training.clearGradients();
        double loss = training.accumulate(IMAGE, LABEL, 1, 1);
        double norm = training.gradientNorm();
        training.step(1e-3, 1);
        return loss + " " + norm;
    }

    /** Waits until the kernels are compiled. The compilation allocates and frees memory on a thread of its own, which would disturb the figures. */
    static void awaitCompilation() throws InterruptedException {
        for (Thread thread : Thread.getAllStackTraces().keySet()) {
            if (thread.getName().equals("vit-compilation")) {
                thread.join();
            }
        }
    }

    /** Threads that sessions and trainings have started. */
    static long threads() {
        return Thread.getAllStackTraces().keySet().stream().filter(thread -> thread.getName().matches("vit-(session|training|workers)-.*")).count();
    }
}
