package vit.model.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static vit.model.cli.Ran.vit;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import vit.model.config.VitConfig;
import vit.model.golden.Golden;
import vit.model.parameters.GeneratedWeights;
import vit.model.parameters.Parameter;
import vit.model.parameters.Parameters;

/** {@code vit inspect} shows family, configuration, tensors and parameter count, also of a file that is no usable model. */
class InspectTest {

    @TempDir
    private Path folder;

    @Test
    void everyTensorTheFamilyTheConfigurationAndTheCountAreShown() throws IOException {
        Path weights = TinyModel.weights(folder);
        TinyModel.config(folder);
        String out = vit("inspect", weights).isDone().out().replaceAll(" +", " ");
        Parameters parameters = Parameters.of(TinyModel.CONFIG);
        for (Parameter parameter : parameters.list()) {
            assertTrue(out.contains(parameter.name() + " F32 " + parameter.shape().toString().replace(" ", "") + "\n"), parameter.name());
        }
        for (String line : List.of("family timm", "image [24, 16]", "patch 8", "width 24", "depth 2", "heads 3", "mlp 40", "classes 7",
                "labels none", "tokens 7", "missing none", "not used none", String.format("parameters %,d", parameters.count()))) {
            assertTrue(out.contains("\n" + line + "\n"), () -> line + " is missing in " + out);
        }
    }

    @Test
    void rotaryPositionsAreShown() throws IOException {
        Path weights = Golden.folder("families/dinov3-hf-micro").resolve("weights.safetensors");
        assertTrue(vit("inspect", weights).isDone().out().replaceAll(" +", " ").contains("\nrotary [dinov3, 100.0, 1, 1]\n"));
    }

    @Test
    void theArchitectureAndTheReasonsForItAreShown() throws IOException {
        Path weights = Golden.folder("families/clip-hf-micro").resolve("weights.safetensors");
        String out = vit("inspect", weights).isDone().out().replaceAll(" +", " ");
        for (String line : List.of("architecture CLIP image tower (Hugging Face), width 36, depth 2, heads 3, patch 8",
                "because of tensors vision_model.embeddings.patch_embedding.weight and vision_model.embeddings.class_embedding", " model_type \"clip\" in the configuration",
                "where the configuration comes from:", "field projection_dim classes 20", "tensor visual_projection.weight head projection", "no tensor vision_model.embeddings.patch_embedding.bias patch_bias false",
                "field vision_config.layer_norm_eps layer_norm_eps 1.0E-5")) {
            assertTrue(out.contains("\n" + line + "\n"), () -> line + " is missing in " + out);
        }
    }

    @Test
    void fileThatMakesNoModelIsListedAndRefused() throws IOException {
        Path image = TinyModel.image(folder.resolve("a.png"), 9, 9, 1);
        Path file = folder.resolve("images.safetensors");
        vit("preprocess", "--preprocess", "jax", "--output", file, image).isDone();
        Ran ran = vit("inspect", file).isRefused(file, "family");
        assertEquals("images  F32  (1,3,224,224)", ran.lines().getFirst());
    }

    @Test
    void configurationThatContradictsTheTensorsIsRefused() throws IOException {
        Path weights = TinyModel.weights(folder);
        Path config = Files.writeString(folder.resolve("other.json"), "{\"family\":\"timm\",\"image\":[24,16],\"heads\":3,\"depth\":3}");
        vit("inspect", "--config", config, weights).isRefused(config, "depth");
    }

    /** Every command prints what it had to assume, because no file states it, once as a warning on standard error. */
    @Test
    void guessesAreWarnedOfByEveryCommand() throws IOException {
        VitConfig config = VitConfig.builder().image(32, 32).patch(16).width(64).depth(1).heads(1).mlp(24).classes(3).build();
        Path weights = TinyModel.weights(folder, new GeneratedWeights(config, 2));
        Path image = TinyModel.image(folder.resolve("a.png"), 40, 40, 1);
        List<String> expected = List.of("warning: layer_norm_eps 1.0E-6, gelu erf, pool token assumed, as is usual for timm; the weights do not tell",
                "warning: 1 heads assumed from the width 64; the weights do not tell", "warning: a square image of 32×32 pixels assumed; the weights do not tell");
        List<Ran> runs = List.of(vit("inspect", weights), vit("classify", "--weights", weights, "--preprocess", "timm-augreg", image),
                vit("logits", "--weights", weights, "--preprocess", "timm-augreg", "--output", folder.resolve("l"), image), vit("export", "--weights", weights, "--output", folder.resolve("m.onnx")));
        for (Ran ran : runs) {
            assertEquals(0, ran.code(), ran::toString);
            assertEquals(expected, ran.err().lines().filter(line -> line.startsWith("warning: ")).toList(), ran::toString);
        }
    }

    @Test
    void imagesOfAnotherSizeAreShownAndTaken() throws IOException {
        Path weights = TinyModel.weights(folder);
        TinyModel.config(folder);
        Path image = TinyModel.image(folder.resolve("a.png"), 40, 40, 1);
        assertTrue(vit("inspect", "--image-size", "40x24", weights).isDone().out().replaceAll(" +", " ").contains("\nimage [40, 24]\n"));
        vit("classify", "--weights", weights, "--image-size", "40x24", image).isDone();
        vit("classify", "--weights", weights, "--image-size", "41", image).isRefused("41×41");
        vit("classify", "--image-size", "48", image).isRefused("--weights is missing");
        for (String size : List.of("0", "40x", "x40", "-8", "40x24x3", "wide")) {
            vit("inspect", "--image-size=" + size, weights).isRefused("--image-size");
        }
    }

    @Test
    void missingFilesAndFoldersAreRefused() {
        vit("inspect", folder.resolve("no")).isRefused("no such file");
        vit("inspect", folder).isRefused(folder);
        vit("inspect").isRefused("F");
    }
}
