package vit.model.golden;

import java.io.IOException;
import java.net.URI;
import java.net.URL;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Assumptions;
import vit.model.weights.format.TensorEntry;
import vit.model.weights.format.TensorFile;

/**
 * The reference cases: float64 results of the families' own code. The small ones are resources of the tests; the page beside them says how they were made. The
 * full-size case and the photos are in {@code ../shared}, and tests that need them are skipped where it is missing.
 */
public final class Golden {

    private static final String RESOURCES = "/golden/";

    private static final List<String> FIRST = List.of("timm-micro", "timm-gap", "torchvision-micro", "huggingface-micro", "jax-npz-micro", "vit-pytorch-micro",
            "vit-pytorch-simple-micro");

    private Golden() {}

    /** The names of all small cases: the first families, then those in the folder {@code families}. */
    public static List<String> cases() throws IOException {
        try (Stream<Path> folders = Files.list(folder("families"))) {
            return Stream.concat(FIRST.stream(), folders.filter(folder -> Files.exists(folder.resolve("reference.safetensors")))
                    .map(folder -> "families/" + folder.getFileName()).sorted()).toList();
        }
    }

    /** The weight file in the folder of a case. */
    public static Path weights(Path folder) {
        Path npz = folder.resolve("weights.npz");
        return Files.exists(npz) ? npz : folder.resolve("weights.safetensors");
    }

    /** The folder of one case. If it is missing, the test is skipped with a message. */
    public static Path folder(String name) {
        URL resource = Golden.class.getResource(RESOURCES + name);
        if (resource != null) {
            return Path.of(URI.create(resource.toString()));
        }
        Path folder = shared().resolve("golden").resolve(name);
        Assumptions.assumeTrue(Files.isDirectory(folder), "no ../shared/golden/" + name + ": golden test skipped");
        return folder;
    }

    /** The folder {@code ../shared}. If it is missing, the test is skipped with a message. */
    public static Path shared() {
        Path root = Path.of("").toAbsolutePath();
        while (root != null && !Files.isDirectory(root.resolve("vit-kernels"))) {
            root = root.getParent();
        }
        Path shared = root == null ? null : root.resolveSibling("shared");
        Assumptions.assumeTrue(shared != null && Files.isDirectory(shared), "no ../shared beside the project: golden test skipped");
        return shared;
    }

    /** A whole tensor as doubles. */
    public static double[] doubles(TensorFile file, String name) throws IOException {
        TensorEntry entry = file.find(name);
        double[] values = new double[Math.toIntExact(entry.shape().size())];
        file.readDoubles(entry, 0, values, 0, values.length);
        return values;
    }

    /** A whole tensor as floats. */
    public static float[] floats(TensorFile file, String name) throws IOException {
        TensorEntry entry = file.find(name);
        float[] values = new float[Math.toIntExact(entry.shape().size())];
        file.readFloats(entry, 0, values, 0, values.length);
        return values;
    }

    /** The largest absolute value. */
    public static double scale(double[] values) {
        double max = 0;
        for (double value : values) {
            max = Math.max(max, Math.abs(value));
        }
        return max;
    }

    /** The largest absolute difference. NaN or a different length counts as infinite. */
    public static double maxError(double[] truth, float[] actual, int from) {
        double max = 0;
        for (int i = 0; i < truth.length; i++) {
            double error = Math.abs(truth[i] - actual[from + i]);
            if (!(error <= max)) {
                max = Double.isNaN(error) ? Double.POSITIVE_INFINITY : error;
            }
        }
        return max;
    }
}
