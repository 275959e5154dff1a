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
import vit.model.Parameter;
import vit.model.Parameters;

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

    @Test
    void missingFilesAndFoldersAreRefused() {
        vit("inspect", folder.resolve("no")).isRefused("no such file");
        vit("inspect", folder).isRefused(folder);
        vit("inspect").isRefused("F");
    }
}
