package vit.model;

import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;

/**
 * The small model in the jar. It goes through a temporary folder and the same loader as any other, since weight files are read by
 * position; the folder is gone when this returns.
 */
final class ShippedModel {

    /** Beside this class: weights, configuration. */
    private static final List<String> FILES = List.of("model.safetensors", "config.json");
    private static final String RESOURCES = "shipped/";

    private ShippedModel() {}

    static VitModel load() throws IOException {
        Path folder = Files.createTempDirectory("vit-shipped");
        try {
            for (String file : FILES) {
                try (InputStream in = ShippedModel.class.getResourceAsStream(RESOURCES + file)) {
                    if (in == null) {
                        throw new IOException("the resource " + RESOURCES + file + " is not in the jar");
                    }
                    Files.copy(in, folder.resolve(file));
                }
            }
            return VitModel.load(folder.resolve(FILES.getFirst()));
        } finally {
            for (String file : FILES) {
                Files.deleteIfExists(folder.resolve(file));
            }
            Files.delete(folder);
        }
    }
}
