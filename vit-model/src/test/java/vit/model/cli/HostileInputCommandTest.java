package vit.model.cli;

import static org.junit.jupiter.api.Assertions.assertTrue;
import static vit.model.cli.Ran.vit;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import vit.model.image.format.BrokenImages;
import vit.model.weights.format.BrokenFiles;

/**
 * {@code vit classify} gets every kind of broken file with which the readers are tested. It ends with exit code 2 and one line of error,
 * without a stack trace.
 */
class HostileInputCommandTest {

    private static final int LEAST_KINDS = 40;

    @Test
    void everyBrokenWeightFileAndConfigurationGivesOneErrorLine(@TempDir Path folder) throws IOException {
        List<BrokenFiles.Broken> kinds = BrokenFiles.write(folder);
        Path image = TinyModel.image(folder.resolve("photo.png"), 20, 30, 1);
        for (BrokenFiles.Broken broken : kinds) {
            Ran ran = broken.config() == null
                    ? vit("classify", "--weights", broken.weights(), image)
                    : vit("classify", "--weights", broken.weights(), "--config", broken.config(), image);
            ran.isRefused(broken.blames().getFileName(), broken.rule());
        }
        System.out.println("vit classify refused " + kinds.size() + " kinds of broken weights and configurations");
        assertTrue(kinds.size() >= LEAST_KINDS);
    }

    @Test
    void everyBrokenImageGivesOneErrorLine(@TempDir Path folder) throws IOException {
        Path weights = TinyModel.weights(folder);
        TinyModel.config(folder);
        List<BrokenImages.Broken> kinds = BrokenImages.all();
        for (BrokenImages.Broken broken : kinds) {
            Path image = Files.write(folder.resolve(broken.fileName()), broken.bytes());
            vit("classify", "--weights", weights, image).isRefused(broken.fileName(), broken.rule());
        }
        System.out.println("vit classify refused " + kinds.size() + " kinds of broken images");
        assertTrue(kinds.size() >= LEAST_KINDS);
    }
}
