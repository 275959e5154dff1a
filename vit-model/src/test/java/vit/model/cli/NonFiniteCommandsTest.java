package vit.model.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static vit.model.cli.Ran.vit;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import vit.kernels.tensor.Shape;
import vit.model.weights.format.Dtype;
import vit.model.weights.format.SafetensorsWriter;

/** Commands fail if a weight is NaN or infinite. They name the image, the stage and the weight. */
class NonFiniteCommandsTest {

    private static final String WEIGHT = "blocks.1.mlp.fc2.weight";

    @TempDir
    private Path folder;

    private Path weights;
    private Path image;

    @BeforeEach
    void writeModelAndImage() throws IOException {
        weights = TinyModel.weights(folder, TinyModel.withElement(WEIGHT, Float.NaN));
        TinyModel.config(folder);
        image = TinyModel.image(folder.resolve("a.png"), 24, 16, 1);
    }

    @Test
    void classifyNamesImageStageAndWeight() {
        vit("classify", "--weights", weights, image).isRefused(image, "stage.block.1 is the first stage that is not finite", WEIGHT + " holds NaN");
        assertFalse(vit("classify", "--weights", weights, "--json", image).out().contains("probability"));
    }

    /** GELU turns it into 0. */
    @Test
    void anInfinityThatNoResultShowsIsWarnedOf() throws IOException {
        Path other = Files.createDirectory(folder.resolve("hidden"));
        Path infinite = TinyModel.weights(other, TinyModel.withElement("blocks.1.mlp.fc1.bias", Float.NEGATIVE_INFINITY));
        TinyModel.config(other);
        Ran ran = vit("classify", "--weights", infinite, image).isDone();
        assertTrue(ran.err().contains("warning: blocks.1.mlp.fc1.bias holds -Infinity: results may look right and be wrong"), ran::err);
    }

    @Test
    void trainingDoesNotStartFromIt() throws IOException {
        Path data = TrainTest.stripes(folder.resolve("data"), 4);
        Path output = folder.resolve("trained");
        Ran ran = vit("train", "--data", data, "--output", output, "--weights", weights, "--epochs", 1).isRefused(weights,
                "training cannot start from weights that are not finite: " + WEIGHT + " holds NaN");
        assertTrue(ran.err().contains("hint: check whether the file is complete, or start from other weights"), ran::err);
        assertFalse(Files.exists(output));
    }

    @Test
    void logitsLeavesNoFile() {
        Path output = folder.resolve("logits.safetensors");
        vit("logits", "--weights", weights, "--output", output, image).isRefused(image, "stage.block.1", WEIGHT);
        assertFalse(Files.exists(output));
    }

    @Test
    void infinityIsTheSame() throws IOException {
        Path other = Files.createDirectory(folder.resolve("other"));
        Path infinite = TinyModel.weights(other, TinyModel.withElement("head.bias", Float.NEGATIVE_INFINITY));
        TinyModel.config(other);
        vit("classify", "--weights", infinite, image).isRefused(image, "logits is the first stage", "head.bias holds -Infinity");
    }

    @Test
    void benchAndVisualiseFail() {
        vit("bench", "--weights", weights, "--threads", 1, "--seconds", 0.1).isRefused("stage.block.1", WEIGHT);
        vit("visualise", "--weights", weights, "--output", folder.resolve("pictures"), image).isRefused(image, "stage.block.1", WEIGHT);
    }

    @Test
    void compareIsADifferenceEvenFromNaN() throws IOException {
        Path reference = folder.resolve("reference.safetensors");
        List<SafetensorsWriter.Tensor> tensors = List.of(new SafetensorsWriter.Tensor("images", Dtype.F32, Shape.of(1, 3, 24, 16)),
                new SafetensorsWriter.Tensor("logits", Dtype.F32, Shape.of(1, 7)));
        try (SafetensorsWriter writer = new SafetensorsWriter(reference, tensors, Map.of())) {
            writer.write(new float[3 * 24 * 16], 0, 3 * 24 * 16);
            float[] logits = new float[7];
            java.util.Arrays.fill(logits, Float.NaN);
            writer.write(logits, 0, 7);
            writer.commit();
        }
        Ran ran = vit("compare", "--weights", weights, "--reference", reference);
        assertEquals(1, ran.code(), ran::toString);
        assertTrue(ran.out().contains("exceeds"), ran::toString);
    }
}
