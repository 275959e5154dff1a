package vit.model.golden;

import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Set;
import vit.model.LoadOptions;
import vit.model.json.Json;
import vit.model.json.JsonObject;
import vit.model.weights.format.TensorEntry;
import vit.model.weights.format.TensorFile;

/**
 * One reference case, with its reference file open: the images, the labels, and the float64 truth of every tensor. Its tensors are of two kinds, and one check
 * walks all of each kind: {@link GoldenStages} those of the forward pass, {@link GoldenGradients} the loss and the gradients. So no tensor of the
 * file is left out.
 */
final class GoldenCase implements AutoCloseable {

    /** The largest allowed error, relative to the largest element of the truth. */
    static final double TOLERANCE = 1e-5;

    static final String LOSS = "loss";
    static final String GRADIENT = "grad.";

    private static final Set<String> INPUTS = Set.of("images", "labels");

    final String name;
    final Path folder;
    private final TensorFile reference;
    private final JsonObject peerErrors; // of the peer's own float32, or null if the case does not have them

    GoldenCase(String name, Path folder) throws IOException {
        this.name = name;
        this.folder = folder;
        Path errors = folder.resolve("float32-error.json");
        this.peerErrors = Files.exists(errors) ? Json.read(errors) : null;
        this.reference = TensorFile.open(folder.resolve("reference.safetensors"));
    }

    /** Opens the case of this name, for example {@code families/beit-hf-micro}. If it is missing, the test is skipped. */
    static GoldenCase open(String name) throws IOException {
        return new GoldenCase(name, Golden.folder(name));
    }

    Path weights() {
        return Golden.weights(folder);
    }

    /** The configuration beside the weights. */
    Path config() {
        Path openClip = folder.resolve("open_clip_config.json");
        return Files.exists(openClip) ? openClip : folder.resolve("config.json");
    }

    /** The images of the case, which in two cases are not of the size of the file's positions. */
    LoadOptions image() {
        return LoadOptions.DEFAULTS.withImage(reference.find("images").shape().dimension(2), reference.find("images").shape().dimension(3));
    }

    float[] images() throws IOException {
        return Golden.floats(reference, "images");
    }

    int batch() {
        return reference.find("images").shape().dimension(0);
    }

    /** The class of every image, or null if the case has a loss of embeddings. */
    int[] labels() throws IOException {
        if (reference.find("labels") == null) {
            return null;
        }
        double[] values = Golden.doubles(reference, "labels");
        int[] labels = new int[values.length];
        for (int i = 0; i < labels.length; i++) {
            labels[i] = (int) values[i];
        }
        return labels;
    }

    /** The results of the forward pass that the reference holds. A tensor of a kind that is not known here is among them, so that the check fails. */
    List<String> results() {
        return reference.entries().stream().map(TensorEntry::name)
                .filter(tensor -> !INPUTS.contains(tensor) && !tensor.equals(LOSS) && !tensor.startsWith(GRADIENT)).toList();
    }

    /** The gradients that the reference holds. */
    List<String> gradients() {
        return reference.entries().stream().map(TensorEntry::name).filter(tensor -> tensor.startsWith(GRADIENT)).toList();
    }

    double[] truth(String tensor) throws IOException {
        return Golden.doubles(reference, tensor);
    }

    boolean hasPeerErrors() {
        return peerErrors != null;
    }

    /** How far the peer's own float32 is off the truth. */
    double peerError(String tensor) {
        try {
            return peerErrors.object(tensor).number("max_abs");
        } catch (IOException e) {
            throw new AssertionError(name + ": the peer's error of " + tensor, e);
        }
    }

    /**
     * The result under this name.
     *
     * @throws AssertionError if there is none, or it has another number of elements than the truth
     */
    float[] result(Map<String, float[]> results, String tensor) throws IOException {
        float[] result = results.get(tensor);
        assertTrue(result != null, name + ": nothing of ours is compared with the reference's " + tensor + "; ours are " + results.keySet());
        assertTrue(result.length == truth(tensor).length, name + " " + tensor + ": " + result.length + " elements, the truth has " + truth(tensor).length);
        return result;
    }

    @Override
    public void close() throws IOException {
        reference.close();
    }
}
