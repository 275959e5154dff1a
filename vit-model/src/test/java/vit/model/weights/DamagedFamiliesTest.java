package vit.model.weights;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.Set;
import java.util.TreeSet;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import vit.kernels.tensor.Shape;
import vit.model.InputException;
import vit.model.config.VitConfig;
import vit.model.config.VitConfig.Positions;
import vit.model.golden.Golden;
import vit.model.json.Json;
import vit.model.parameters.Parameter;
import vit.model.parameters.Parameters;
import vit.model.weights.format.TensorEntry;
import vit.model.weights.format.TensorFile;

/**
 * Half a file, a file with a wrong shape and a file with another family's configuration give one clear exception: of every family, whatever is missing.
 * Never an internal fault, and never a model that loads in silence.
 */
class DamagedFamiliesTest {

    /** A case's tensors by name and shape, and its configuration. Tensors that are whole numbers keep being so. */
    private record Model(Map<String, TensorEntry> tensors, byte[] config, Set<String> ignored, String family) {

        static Model read(String name) throws IOException {
            Path folder = Golden.folder(name);
            Path file = Golden.weights(folder);
            Map<String, TensorEntry> tensors = new LinkedHashMap<>();
            try (TensorFile opened = TensorFile.open(file); Weights weights = Weights.open(file, null)) {
                opened.entries().forEach(entry -> tensors.put(entry.name(), entry));
                return new Model(tensors, Files.readAllBytes(WeightFolder.configuration(file)), new TreeSet<>(weights.report().ignored()), weights.report().family());
            }
        }

        /** A safetensors file of zeros with these tensors, some of them of other shapes. */
        byte[] bytes(Set<String> without, Map<String, Shape> shapes) {
            Map<String, Object> header = new LinkedHashMap<>();
            long at = 0;
            for (TensorEntry entry : tensors.values()) {
                if (!without.contains(entry.name())) {
                    Shape shape = shapes.getOrDefault(entry.name(), entry.shape());
                    long end = at + shape.size() * entry.dtype().bytes();
                    header.put(entry.name(), Map.of("dtype", entry.dtype().toString(), "shape", Arrays.stream(shape.dimensions()).boxed().toList(), "data_offsets", List.of(at, end)));
                    at = end;
                }
            }
            byte[] json = Json.write(header).getBytes(StandardCharsets.UTF_8);
            return ByteBuffer.allocate(Math.toIntExact(8 + json.length + at)).order(ByteOrder.LITTLE_ENDIAN).putLong(json.length).put(json).array();
        }
    }

    static List<String> cases() throws IOException {
        return Golden.cases();
    }

    /** Loads as a model does. Null if that succeeds, else the message; any other exception is a failure of the test. */
    private static String load(byte[] weights, byte[] config) throws IOException {
        try (Weights open = Weights.open(weights, config)) {
            for (Parameter parameter : Parameters.of(open.config()).list()) {
                open.read(parameter, new float[Math.toIntExact(parameter.shape().size())]);
            }
            return null;
        } catch (InputException e) {
            String message = e.getMessage();
            assertTrue(message.startsWith("the weights in memory") || message.startsWith("the configuration in memory"), message);
            assertTrue(message.contains("; expected ") && message.contains("; found ") && message.lines().count() == 1 && message.length() < 1500, message);
            return message;
        }
    }

    /**
     * Whether these load without a word of warning. A warning is enough where the tensors overrule what the name of an architecture or of a class only
     * implies, and so is the note that positions were resampled. Two shapes make other models of which no configuration here says anything: other channels, and, in timm and in JAX, positions for the patches only.
     */
    private static boolean loadsInSilence(byte[] weights, byte[] config) throws IOException {
        if (load(weights, config) != null) {
            return false;
        }
        try (Weights open = Weights.open(weights, config)) {
            VitConfig model = open.config();
            boolean rows = model.positions() == Positions.LEARNED_PATCHES && model.prefixTokens() > 0;
            boolean resampled = open.report().notes().stream().anyMatch(note -> note.contains("carried over"));
            return open.report().warnings().isEmpty() && model.channels() == 3 && !rows && !resampled;
        }
    }

    @ParameterizedTest
    @MethodSource("cases")
    void aMissingTensorIsNamed(String name) throws IOException {
        Model model = Model.read(name);
        assertEquals(null, load(model.bytes(Set.of(), Map.of()), model.config()));
        List<String> wrong = new ArrayList<>();
        for (String tensor : model.tensors().keySet()) {
            String message;
            try {
                message = load(model.bytes(Set.of(tensor), Map.of()), model.config());
            } catch (RuntimeException e) {
                wrong.add(tensor + ": " + e);
                continue;
            }
            boolean used = !model.ignored().contains(tensor);
            boolean refused = message != null && name.endsWith("hybrid-timm-micro"); // its configuration does not describe its small stem, so nothing tells what it lacks
            if (refused) {
                continue;
            }
            if (message == null ? used && loadsInSilence(model.bytes(Set.of(tensor), Map.of()), model.config()) : !message.contains("\"" + tensor + "\"") && !message.contains("missing: " + tensor)) {
                wrong.add(tensor + ": " + message);
            }
        }
        assertEquals(List.of(), wrong, () -> name + ": " + wrong.size() + "\n" + String.join("\n", wrong));
    }

    @ParameterizedTest
    @MethodSource("cases")
    void aWrongShapeIsRefused(String name) throws IOException {
        Model model = Model.read(name);
        List<String> wrong = new ArrayList<>();
        for (TensorEntry entry : model.tensors().values()) {
            for (int d = 0; d < entry.shape().rank(); d++) {
                for (int by = -1; by <= 1; by += 2) {
                    int[] dimensions = entry.shape().dimensions().clone();
                    dimensions[d] += by;
                    String message;
                    try {
                        message = load(model.bytes(Set.of(), Map.of(entry.name(), Shape.of(dimensions))), model.config());
                    } catch (RuntimeException e) {
                        wrong.add(entry.name() + Arrays.toString(dimensions) + ": " + e);
                        continue;
                    }
                    boolean used = !model.ignored().contains(entry.name());
                    if (message == null && used && loadsInSilence(model.bytes(Set.of(), Map.of(entry.name(), Shape.of(dimensions))), model.config())) {
                        wrong.add(entry.name() + Arrays.toString(dimensions) + " loads");
                    }
                }
            }
        }
        assertEquals(List.of(), wrong, () -> name + "\n" + String.join("\n", wrong));
    }

    @ParameterizedTest
    @MethodSource("cases")
    void halfAFileAndACutFileAreRefused(String name) throws IOException {
        Model model = Model.read(name);
        long seed = 7;
        Random random = new Random(seed);
        List<String> needed = model.tensors().keySet().stream().filter(tensor -> !model.ignored().contains(tensor)).toList();
        byte[] whole = model.bytes(Set.of(), Map.of());
        for (int i = 0; i < 20; i++) {
            Set<String> without = new TreeSet<>();
            model.tensors().keySet().stream().filter(_ -> random.nextBoolean()).forEach(without::add);
            without.add(needed.get(random.nextInt(needed.size())));
            assertTrue(!loadsInSilence(model.bytes(without, Map.of()), model.config()), () -> name + ", seed " + seed + ", without " + without);
            int length = random.nextInt(whole.length);
            assertTrue(load(Arrays.copyOf(whole, length), model.config()) != null, () -> name + " cut to " + length);
        }
    }

    @Test
    void theConfigurationOfAnotherFamilyIsRefused() throws IOException {
        List<Model> models = new ArrayList<>();
        for (String name : cases()) {
            models.add(Model.read(name));
        }
        List<String> wrong = new ArrayList<>();
        for (int i = 0; i < models.size(); i++) {
            for (int j = 0; j < models.size(); j++) {
                if (i != j) {
                    String pair = cases().get(i) + " with the configuration of " + cases().get(j);
                    try {
                        if (loadsInSilence(models.get(i).bytes(Set.of(), Map.of()), models.get(j).config())) {
                            wrong.add(pair + " loads");
                        }
                    } catch (RuntimeException e) {
                        wrong.add(pair + ": " + e);
                    }
                }
            }
        }
        assertEquals(List.of(), wrong, () -> String.join("\n", wrong));
    }
}
