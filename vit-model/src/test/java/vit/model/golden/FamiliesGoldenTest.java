package vit.model.golden;

import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Locale;
import java.util.Map;
import java.util.TreeMap;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import vit.kernels.tensor.Tensor;
import vit.model.SessionOptions;
import vit.model.VitModel;
import vit.model.VitSession;
import vit.model.json.Json;
import vit.model.json.JsonObject;
import vit.model.weights.format.TensorFile;

/** The forward pass of every family against float64 results of its own code. */
class FamiliesGoldenTest {

    private static final double STAGE_TOLERANCE = 1e-5;

    /** The largest allowed error of the logits, in units of the error of PyTorch's own float32. */
    private static final double PYTORCH_ERRORS = 2;

    @ParameterizedTest
    @CsvSource({
        "timm-micro, weights.safetensors",
        "timm-gap, weights.safetensors",
        "torchvision-micro, weights.safetensors",
        "huggingface-micro, weights.safetensors",
        "jax-npz-micro, weights.npz",
        "vit-pytorch-micro, weights.safetensors",
        "vit-pytorch-simple-micro, weights.safetensors",
    })
    void everyStageIsCloseToTheFloat64Truth(String name, String weights) throws IOException {
        Path folder = Golden.folder(name);
        try (VitModel model = VitModel.load(folder.resolve(weights));
                TensorFile reference = TensorFile.open(folder.resolve("reference.safetensors"))) {
            float[] images = Golden.floats(reference, "images");
            int batch = reference.find("images").shape().dimension(0);
            float[] logits = new float[batch * model.config().classes()];
            Map<String, float[]> stages = new TreeMap<>();
            try (VitSession session = model.newSession(SessionOptions.threads(2).withBatch(batch))) {
                session.forward(images, batch, logits, (stage, tokens) -> stages.put(stage, copy(tokens)));
            }
            stages.put("logits", logits);
            StringBuilder line = new StringBuilder(name + ":");
            for (Map.Entry<String, float[]> stage : stages.entrySet()) {
                if (reference.find(stage.getKey()) == null) {
                    continue;
                }
                double[] truth = Golden.doubles(reference, stage.getKey());
                double relative = Golden.maxError(truth, stage.getValue(), 0) / Golden.scale(truth);
                line.append(String.format(Locale.ROOT, " %s %.1e", stage.getKey(), relative));
                assertTrue(relative <= STAGE_TOLERANCE, name + " " + stage.getKey() + ": error/scale " + relative);
            }
            assertLogitsAsGoodAsPyTorch(name, folder, Golden.maxError(Golden.doubles(reference, "logits"), logits, 0), line);
            System.out.println(line);
        }
    }

    private static void assertLogitsAsGoodAsPyTorch(String name, Path folder, double error, StringBuilder line)
            throws IOException {
        Path file = folder.resolve("float32-error.json");
        if (!Files.exists(file)) {
            return;
        }
        JsonObject errors = Json.read(file);
        double peer = errors.object("logits").number("max_abs");
        line.append(String.format(Locale.ROOT, ", logits %.2f × PyTorch's float32 error", error / peer));
        assertTrue(error <= PYTORCH_ERRORS * peer, name + ": logits are off by " + error + ", PyTorch's by " + peer);
    }

    private static float[] copy(Tensor tokens) {
        return tokens.toArray();
    }
}
