package vit.model.golden;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Locale;
import java.util.Map;
import java.util.TreeMap;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import vit.model.FeatureRequest;
import vit.model.Features;
import vit.model.LoadOptions;
import vit.model.SessionOptions;
import vit.model.TrainingOptions;
import vit.model.VitModel;
import vit.model.VitSession;
import vit.model.VitTraining;
import vit.model.config.VitConfig;
import vit.model.json.Json;
import vit.model.json.JsonObject;
import vit.model.weights.Weights;
import vit.model.weights.format.TensorEntry;
import vit.model.weights.format.TensorFile;

/**
 * The plain ViTs that came after the first: every stage, the embedding, the logits and every gradient against the float64 truth of the peer's own code.
 * Errors are relative to the largest element of a tensor. The peer's own float32 error is the measure of what float32 can give.
 */
class PeerFamiliesGoldenTest {

    private static final double TOLERANCE = 1e-5;

    /** How far results may be from the truth, in units of the peer's own float32 error there. */
    private static final double PEER_ERRORS = 2;

    /** How far a gradient may be from the truth, in units of the peer's own float32 error there. */
    private static final double PEER_GRADIENT_ERRORS = 4;

    /** A gradient's scale is at least this share of the largest gradient's: a key bias has none in exact arithmetic. */
    private static final double SCALE_FLOOR = 0.01;

    /** A gradient this small beside the largest is zero in exact arithmetic. */
    private static final double ZERO = 1e-10;

    private static Path folder(String name) {
        return Golden.folder("families/" + name);
    }

    private static Path weights(Path folder) {
        Path npz = folder.resolve("weights.npz");
        return Files.exists(npz) ? npz : folder.resolve("weights.safetensors");
    }

    private static Path config(Path folder) {
        Path openClip = folder.resolve("open_clip_config.json");
        return Files.exists(openClip) ? openClip : folder.resolve("config.json");
    }

    private static float[] pooled(VitModel model, float[] images, int batch) {
        Features features = Features.of(model.config(), FeatureRequest.pooled(), batch);
        try (VitSession session = model.newSession(SessionOptions.threads(2).withBatch(batch))) {
            session.features(images, batch, features);
        }
        return features.pooled();
    }

    /** The images of the case, which in two cases are not of the size of the file's positions. */
    private static LoadOptions image(TensorFile reference) {
        return LoadOptions.DEFAULTS.withImage(reference.find("images").shape().dimension(2), reference.find("images").shape().dimension(3));
    }

    @ParameterizedTest
    @ValueSource(strings = {
        "clip-hf-micro", "clip-openclip-micro", "clip-timm-micro", "dinov2-hf-micro", "dinov2-hf-resampled-micro", "dinov2-registers-hf-micro",
        "dinov2-fb-micro", "dinov2-timm-micro", "siglip-hf-micro", "siglip-timm-micro", "siglip-jax-npz-micro", "deit-distilled-hf-micro",
        "deit3-timm-micro", "mae-hf-micro", "dino-fb-micro", "ijepa-hf-micro", "beit-hf-micro", "beit-timm-micro", "dinov3-hf-micro",
        "dinov3-timm-micro", "eva02-timm-micro", "timm-reg4-gap-micro", "timm-map-micro", "timm-rmsnorm-micro", "timm-qknorm-micro",
    })
    void everyStageIsCloseToTheFloat64Truth(String name) throws IOException {
        Path folder = folder(name);
        JsonObject peer = Json.read(folder.resolve("float32-error.json"));
        try (TensorFile reference = TensorFile.open(folder.resolve("reference.safetensors"));
                VitModel model = VitModel.load(weights(folder), config(folder), image(reference))) {
            float[] images = Golden.floats(reference, "images");
            int batch = reference.find("images").shape().dimension(0);
            VitConfig config = model.config();
            Map<String, float[]> found = new TreeMap<>();
            float[] embedding = new float[batch * config.embeddingWidth()];
            try (VitSession session = model.newSession(SessionOptions.threads(2).withBatch(batch).withAllTokens(true))) {
                session.embed(images, batch, embedding);
                if (config.classes() > 0) {
                    float[] logits = new float[batch * config.classes()];
                    session.forward(images, batch, logits, (stage, tokens) -> found.put(stage, tokens.toArray()));
                    found.put("logits", logits);
                }
            }
            found.put("embedding", embedding);
            found.put("pooled", pooled(model, images, batch));
            StringBuilder line = new StringBuilder(name + ":");
            for (Map.Entry<String, float[]> result : found.entrySet()) {
                String tensor = result.getKey();
                if (reference.find(tensor) != null) {
                    double[] truth = Golden.doubles(reference, tensor);
                    double error = Golden.maxError(truth, result.getValue(), 0);
                    double relative = error / Golden.scale(truth);
                    double peerError = peer.object(tensor).number("max_abs");
                    line.append(String.format(Locale.ROOT, " %s %.1e (%.2f)", tensor, relative, error / peerError));
                    assertTrue(relative <= TOLERANCE, name + " " + tensor + ": error/scale " + relative);
                    assertTrue(error <= PEER_ERRORS * peerError || tensor.startsWith("stage."), name + " " + tensor + ": error " + error + ", the peer's "
                            + peerError);
                }
            }
            System.out.println(line);
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {
        "dinov2-hf-resampled-micro", "dinov2-registers-hf-micro", "deit-distilled-hf-micro", "siglip-jax-npz-micro",
        "clip-hf-micro", "clip-openclip-micro", "clip-timm-micro", "dinov2-hf-micro", "dinov2-fb-micro", "dinov2-timm-micro", "siglip-hf-micro", "siglip-timm-micro",
        "deit3-timm-micro", "mae-hf-micro", "dino-fb-micro", "ijepa-hf-micro", "beit-hf-micro", "beit-timm-micro", "dinov3-hf-micro",
        "dinov3-timm-micro", "eva02-timm-micro", "timm-reg4-gap-micro", "timm-map-micro", "timm-rmsnorm-micro", "timm-qknorm-micro",
    })
    void everyGradientIsCloseToTheFloat64Truth(String name) throws IOException {
        Path folder = folder(name);
        JsonObject peer = Json.read(folder.resolve("float32-error.json"));
        try (TensorFile reference = TensorFile.open(folder.resolve("reference.safetensors"));
                Weights weights = Weights.open(weights(folder), config(folder), image(reference));
                VitTraining training = VitTraining.of(weights, TrainingOptions.of(2, batch(reference)).withImageGradient(true), null)) {
            double loss = accumulate(training, reference);
            double truthOfLoss = Golden.doubles(reference, "loss")[0];
            assertEquals(truthOfLoss, loss, TOLERANCE * truthOfLoss);
            Map<String, float[]> gradients = gradients(weights, training, reference);
            double floor = SCALE_FLOOR * largest(reference);
            double worst = 0;
            double worstPeer = 0;
            for (TensorEntry entry : reference.entries()) {
                if (!entry.name().startsWith("grad.")) {
                    continue;
                }
                float[] gradient = gradients.get(entry.name());
                double[] truth = Golden.doubles(reference, entry.name());
                if (gradient == null) {
                    assertTrue(Golden.scale(truth) == 0, name + ": " + entry.name() + " has no gradient of ours");
                    continue;
                }
                double error = Golden.maxError(truth, gradient, 0);
                double relative = error / Math.max(floor, Golden.scale(truth));
                worst = Math.max(worst, relative);
                assertTrue(relative <= TOLERANCE, name + " " + entry.name() + ": error/scale " + relative);
                if (Golden.scale(truth) < ZERO * largest(reference)) {
                    continue; // a key bias: what the peer has there is its own rounding
                }
                double peerError = Math.max(peer.object(entry.name()).number("max_abs"), floor * Math.ulp(1f));
                worstPeer = Math.max(worstPeer, error / peerError);
                assertTrue(error <= PEER_GRADIENT_ERRORS * peerError, name + " " + entry.name() + ": error " + error + ", the peer's " + peerError);
            }
            System.out.printf(Locale.ROOT, "%s: loss error %.1e, worst gradient error/scale %.1e, at most %.2f × the peer's float32 error%n", name,
                    Math.abs(loss - truthOfLoss) / truthOfLoss, worst, worstPeer);
        }
    }

    /** The mean cross-entropy where the case has labels, otherwise ½ Σ embedding². */
    private static double accumulate(VitTraining training, TensorFile reference) throws IOException {
        float[] images = Golden.floats(reference, "images");
        int batch = batch(reference);
        if (reference.find("labels") == null) {
            return training.accumulate(images, batch, (embeddings, count, gradient) -> {
                double sum = 0;
                for (int i = 0; i < embeddings.length; i++) {
                    sum += 0.5 * embeddings[i] * embeddings[i];
                    gradient[i] = embeddings[i];
                }
                return sum;
            });
        }
        double[] values = Golden.doubles(reference, "labels");
        int[] labels = new int[values.length];
        for (int i = 0; i < labels.length; i++) {
            labels[i] = (int) values[i];
        }
        return training.accumulate(images, labels, batch, 1.0 / batch);
    }

    /** Every gradient under the name that the file gives its tensor. */
    private static Map<String, float[]> gradients(Weights weights, VitTraining training, TensorFile reference) throws IOException {
        Map<String, float[]> gradients = new LinkedHashMap<>();
        float[] images = new float[Math.toIntExact(reference.find("images").shape().size())];
        training.imageGradient(images, batch(reference));
        gradients.put("grad.images", images);
        weights.inFileLayout(training::readGradient).forEach((tensor, values) -> gradients.put("grad." + tensor, values));
        return gradients;
    }

    private static double largest(TensorFile reference) throws IOException {
        double largest = 0;
        for (TensorEntry entry : reference.entries()) {
            if (entry.name().startsWith("grad.")) {
                largest = Math.max(largest, Golden.scale(Golden.doubles(reference, entry.name())));
            }
        }
        return largest;
    }

    private static int batch(TensorFile reference) {
        return reference.find("images").shape().dimension(0);
    }
}
