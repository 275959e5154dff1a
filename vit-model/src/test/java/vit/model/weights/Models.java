package vit.model.weights;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.UnaryOperator;
import org.junit.jupiter.api.Assumptions;
import vit.kernels.tensor.Shape;
import vit.model.golden.Golden;
import vit.model.weights.format.Dtype;
import vit.model.weights.format.SafetensorsWriter;
import vit.model.weights.format.TensorEntry;
import vit.model.weights.format.TensorFile;

/** Weight files for tests: the reference cases, and files in which their tensors are renamed. */
final class Models {

    private Models() {}

    /** The folder of reference case {@code name} in {@code ../shared/golden}. If it is missing, the test is skipped. */
    static Path golden(String name) {
        Path root = Path.of("").toAbsolutePath();
        while (root != null && !Files.isDirectory(root.resolve("vit-kernels"))) {
            root = root.getParent();
        }
        Path folder = root == null ? null : root.resolveSibling("shared").resolve("golden").resolve(name);
        Assumptions.assumeTrue(folder != null && Files.isDirectory(folder), "no ../shared/golden/" + name + ": test skipped");
        return folder;
    }

    /** The weight file of reference case {@code name}. */
    static Path goldenWeights(String name) {
        return Golden.weights(golden(name));
    }

    /** A tensor in memory. */
    record Content(Shape shape, float[] values) {}

    /** All tensors of a file. */
    static Map<String, Content> read(Path path) throws IOException {
        Map<String, Content> tensors = new LinkedHashMap<>();
        try (TensorFile file = TensorFile.open(path)) {
            for (TensorEntry entry : file.entries()) {
                float[] values = new float[Math.toIntExact(entry.shape().size())];
                file.readFloats(entry, 0, values, 0, values.length);
                tensors.put(entry.name(), new Content(entry.shape(), values));
            }
        }
        return tensors;
    }

    /** Writes tensors as safetensors. */
    static Path write(Path path, Map<String, Content> tensors) throws IOException {
        List<SafetensorsWriter.Tensor> list = new ArrayList<>();
        tensors.forEach((name, content) -> list.add(new SafetensorsWriter.Tensor(name, Dtype.F32, content.shape)));
        try (SafetensorsWriter writer = new SafetensorsWriter(path, list, Map.of())) {
            for (Content content : tensors.values()) {
                writer.write(content.values, 0, content.values.length);
            }
            writer.commit();
        }
        return path;
    }

    /** The same tensors under other names. A tensor whose new name is null is left out. */
    static Map<String, Content> rename(Map<String, Content> tensors, UnaryOperator<String> names) {
        Map<String, Content> renamed = new LinkedHashMap<>();
        tensors.forEach((name, content) -> {
            String other = names.apply(name);
            if (other != null) {
                renamed.put(other, content);
            }
        });
        return renamed;
    }
}
