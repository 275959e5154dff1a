package vit.model.golden;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Path;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.function.Predicate;
import java.util.stream.Collectors;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import vit.kernels.tensor.Tensor;
import vit.model.SessionOptions;
import vit.model.TrainingOptions;
import vit.model.VitModel;
import vit.model.VitSession;
import vit.model.VitTraining;
import vit.model.config.VitConfig;
import vit.model.config.VitVariants;
import vit.model.image.Preprocessing;
import vit.model.image.format.ImageDecoder;
import vit.model.json.Json;
import vit.model.parameters.GeneratedWeights;
import vit.model.parameters.Parameter;
import vit.model.weights.format.TensorEntry;
import vit.model.weights.format.TensorFile;

/** ViT-B/16 with the formula weights against PyTorch's float64 results: stages, logits, and real photos. */
class FullSizeGoldenTest {

    private static final double TOLERANCE = 1e-5;

    private static final double PHOTO_TOLERANCE = 5e-5;

    private static final double PYTORCH_ERRORS = 2;

    /** The least scale by which a gradient's error is judged, as a share of the largest scale. */
    private static final double SCALE_FLOOR = 0.01;

    private static final int[] ROWS = {0, 1, 98, 196};

    private static final int BATCH = 2;

    private static VitModel model;
    private static VitSession session;

    @BeforeAll
    static void open() throws IOException {
        Golden.folder("vit-base-16");
        VitConfig config = VitVariants.find("vit_base_patch16_224").orElseThrow();
        model = VitModel.of(new GeneratedWeights(config, 0));
        session = model.newSession(SessionOptions.threads(2).withBatch(BATCH));
        session.warmUp();
    }

    @AfterAll
    static void close() {
        if (model != null) {
            session.close();
            model.close();
        }
    }

    @Test
    void stagesAndLogitsAreCloseToTheFloat64Truth() throws IOException {
        Path folder = Golden.folder("vit-base-16");
        float[] images = new float[BATCH * 3 * 224 * 224];
        new GeneratedWeights(model.config(), 0).fill(images, images.length, "vit-base-16/images", 1.7, 0);
        float[] logits = new float[BATCH * 1000];
        Map<String, float[]> stages = new TreeMap<>();
        session.forward(images, BATCH, logits, (name, tokens) -> stages.put(name, rows(tokens)));
        try (TensorFile reference = TensorFile.open(folder.resolve("reference.safetensors"))) {
            double worst = 0;
            for (Map.Entry<String, float[]> stage : stages.entrySet()) {
                double[] truth = Golden.doubles(reference, stage.getKey() + ".rows");
                double relative = Golden.maxError(truth, stage.getValue(), 0) / Golden.scale(truth);
                worst = Math.max(worst, relative);
                assertTrue(relative <= TOLERANCE, stage.getKey() + ": error/scale " + relative);
            }
            Set<String> compared = new TreeSet<>(Set.of("logits"));
            stages.keySet().forEach(stage -> compared.add(stage + ".rows"));
            assertEquals(names(reference, name -> !name.startsWith("grad.") && !name.equals("labels") && !name.equals("loss")), compared);
            double[] truth = Golden.doubles(reference, "logits");
            double error = Golden.maxError(truth, logits, 0);
            double peer = Json.read(folder.resolve("float32-error.json")).object("logits").number("max_abs");
            System.out.printf(Locale.ROOT,
                    "ViT-B/16 formula weights: logits error/scale %.1e, %.2f × PyTorch's float32 error; worst stage %.1e%n",
                    error / Golden.scale(truth), error / peer, worst);
            assertTrue(error <= TOLERANCE * Golden.scale(truth), "logits: error " + error);
            assertTrue(error <= PYTORCH_ERRORS * peer, "logits are off by " + error + ", PyTorch's by " + peer);
        }
    }

    /** The reference file holds the norm and a sample of 64 elements of every gradient. */
    @Test
    void gradientsAreCloseToTheFloat64Truth() throws IOException {
        Path folder = Golden.folder("vit-base-16");
        float[] images = new float[BATCH * 3 * 224 * 224];
        new GeneratedWeights(model.config(), 0).fill(images, images.length, "vit-base-16/images", 1.7, 0);
        try (TensorFile reference = TensorFile.open(folder.resolve("reference.safetensors"));
                VitTraining training = VitTraining.of(new GeneratedWeights(model.config(), 0),
                        TrainingOptions.of(2, BATCH).withImageGradient(true), null)) {
            double[] labels = Golden.doubles(reference, "labels");
            double loss = training.accumulate(images, new int[] {(int) labels[0], (int) labels[1]}, BATCH, 1.0 / BATCH);
            double lossTruth = Golden.doubles(reference, "loss")[0];
            assertTrue(Math.abs(loss - lossTruth) <= TOLERANCE * lossTruth, "loss " + loss + ", truth " + lossTruth);
            double largestNorm = 0;
            double largestElement = 0;
            for (TensorEntry entry : reference.entries()) {
                if (entry.name().endsWith(".norm") && entry.name().startsWith("grad.")) {
                    largestNorm = Math.max(largestNorm, Golden.doubles(reference, entry.name())[0]);
                } else if (entry.name().endsWith(".sample")) {
                    largestElement = Math.max(largestElement, Golden.scale(Golden.doubles(reference, entry.name())));
                }
            }
            double[] worst = new double[2];
            Set<String> compared = new TreeSet<>();
            for (Parameter parameter : training.parameters().list()) {
                float[] gradient = new float[Math.toIntExact(parameter.shape().size())];
                training.readGradient(parameter, gradient);
                checkGradient(reference, "grad." + parameter.name(), gradient, largestNorm, largestElement, worst);
                compared.add("grad." + parameter.name());
            }
            training.imageGradient(images, BATCH);
            checkGradient(reference, "grad.images", images, largestNorm, largestElement, worst);
            compared.add("grad.images");
            for (String part : new String[] {".norm", ".sample"}) {
                assertEquals(names(reference, name -> name.startsWith("grad.") && name.endsWith(part)),
                        compared.stream().map(name -> name + part).collect(Collectors.toCollection(TreeSet::new)));
            }
            System.out.printf(Locale.ROOT, "ViT-B/16 formula weights: loss error %.1e, worst norm error/scale %.1e, worst element %.1e%n",
                    Math.abs(loss - lossTruth) / lossTruth, worst[0], worst[1]);
        }
    }

    private static Set<String> names(TensorFile reference, Predicate<String> which) {
        return reference.entries().stream().map(TensorEntry::name).filter(which).collect(Collectors.toCollection(TreeSet::new));
    }

    private static void checkGradient(TensorFile reference, String name, float[] gradient, double largestNorm, double largestElement,
            double[] worst) throws IOException {
        double squares = 0;
        for (float element : gradient) {
            squares += (double) element * element;
        }
        double norm = Golden.doubles(reference, name + ".norm")[0];
        double normError = Math.abs(Math.sqrt(squares) - norm) / Math.max(norm, SCALE_FLOOR * largestNorm);
        assertTrue(normError <= TOLERANCE, name + ": norm error/scale " + normError);
        double[] sample = Golden.doubles(reference, name + ".sample");
        double scale = Math.max(Golden.scale(sample), SCALE_FLOOR * largestElement);
        for (int j = 0; j < sample.length; j++) {
            int at = (int) (j * 2_654_435_761L % gradient.length);
            double error = Math.abs(gradient[at] - sample[j]) / scale;
            assertTrue(error <= TOLERANCE, name + "[" + at + "]: error/scale " + error);
            worst[1] = Math.max(worst[1], error);
        }
        worst[0] = Math.max(worst[0], normError);
    }

    private static float[] rows(Tensor tokens) {
        int width = tokens.columns();
        float[] rows = new float[BATCH * ROWS.length * width];
        for (int b = 0; b < BATCH; b++) {
            for (int r = 0; r < ROWS.length; r++) {
                for (int c = 0; c < width; c++) {
                    rows[(b * ROWS.length + r) * width + c] = tokens.get(b * 197 + ROWS[r], c);
                }
            }
        }
        return rows;
    }

    @ParameterizedTest
    @CsvSource({
        "apple, jpg", "kitten, jpg", "polars, jpeg", "tench, jpg",
    })
    void photosGiveTheLogitsOfThePeersPipeline(String photo, String extension) throws IOException {
        Path photos = Golden.shared().resolve("photos");
        try (TensorFile reference = TensorFile.open(Golden.folder("vit-base-16").resolve("photos.safetensors"))) {
            for (String preset : new String[] {"huggingface-vit", "timm-augreg"}) {
                double[] truth = Golden.doubles(reference, photo + "." + preset + ".logits");
                double fromPng = relativeError(truth, photos.resolve(photo + ".png"), preset);
                double fromJpeg = relativeError(truth, photos.resolve(photo + "." + extension), preset);
                System.out.printf(Locale.ROOT, "%s, %s: logits error/scale %.1e from the PNG, %.1e from the JPEG%n",
                        photo, preset, fromPng, fromJpeg);
                assertTrue(fromPng <= PHOTO_TOLERANCE, photo + " " + preset + ": error/scale " + fromPng);
            }
        }
    }

    private static double relativeError(double[] truth, Path image, String preset) throws IOException {
        float[] pixels = Preprocessing.named(preset).apply(ImageDecoder.decode(image), 224, 224);
        float[] logits = new float[1000];
        session.logits(pixels, 1, logits);
        return Golden.maxError(truth, logits, 0) / Golden.scale(truth);
    }
}
