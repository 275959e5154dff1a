package vit.model.weights.format;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;
import vit.model.config.VitConfig;
import vit.model.parameters.GeneratedWeights;
import vit.model.parameters.Parameter;
import vit.model.parameters.Parameters;
import vit.model.weights.BrokenConfigs;

/**
 * Weight files and configurations that are each broken in one way, made from one small sound model. The tests of this package and of the
 * command line use them.
 */
public final class BrokenFiles {

    /**
     * A broken pair of files.
     *
     * @param name    what is broken
     * @param weights the weight file
     * @param config  the configuration
     * @param blames  the file of the two that a message must name
     * @param place   what else the message must name: a tensor, a field, or {@code byte n}; empty if only the file can be named
     * @param rule    a part of the rule that the message must state
     */
    public record Broken(String name, Path weights, Path config, Path blames, String place, String rule) {
        @Override
        public String toString() {
            return name;
        }
    }

    /** The sound model: its weights under timm's names. */
    public static final VitConfig MODEL = VitConfig.builder().image(16, 16).patch(8).width(8).depth(1).heads(2).mlp(12).classes(3).build();

    /** The sound model's configuration. */
    public static final String CONFIG = "{\"family\":\"timm\",\"image\":[16,16],\"patch\":8,\"width\":8,\"depth\":1,\"heads\":2,\"mlp\":12,\"classes\":3,"
            + "\"layer_norm_eps\":1e-6,\"gelu\":\"erf\",\"pool\":\"token\"}";

    private final Path folder;
    private final List<Broken> all = new ArrayList<>();

    private BrokenFiles(Path folder) {
        this.folder = folder;
    }

    /** Writes all broken files into {@code folder}, each pair into a folder of its own. */
    public static List<Broken> write(Path folder) throws IOException {
        BrokenFiles files = new BrokenFiles(folder);
        BrokenSafetensors.add(files);
        BrokenNpz.add(files);
        BrokenConfigs.add(files);
        return files.all;
    }

    /** Adds weights with the sound configuration; {@code place} and {@code rule} as in {@link Broken}. */
    void weights(String name, byte[] weights, String place, String rule) throws IOException {
        Path own = Files.createDirectory(folder.resolve(name.replace(' ', '-')));
        Path file = Files.write(own.resolve("weights.bin"), weights);
        Path config = Files.writeString(own.resolve("config.json"), CONFIG);
        all.add(new Broken(name, file, config, file, place, rule));
    }

    /** Adds a configuration with sound weights. */
    public void config(String name, byte[] config, String place, String rule) throws IOException {
        Path own = Files.createDirectory(folder.resolve("config-" + name.replace(' ', '-')));
        Path file = Files.write(own.resolve("weights.bin"), safetensors(tensors()));
        Path json = Files.write(own.resolve("config.json"), config);
        all.add(new Broken("config: " + name, file, json, json, place, rule));
    }

    public void config(String name, String config, String place, String rule) throws IOException {
        config(name, config.getBytes(StandardCharsets.UTF_8), place, rule);
    }

    /** Adds sound weights with a configuration that contradicts them. The message must name the weights. */
    public void contradicted(String name, String config, String place, String rule) throws IOException {
        config(name, config, place, rule);
        Broken last = all.removeLast();
        all.add(new Broken(last.name, last.weights, last.config, last.weights, place, rule));
    }

    /** Adds paths at which there are no weights. */
    void path(String name, Path weights, String rule) throws IOException {
        Path config = Files.writeString(folder.resolve(name.replace(' ', '-') + ".json"), CONFIG);
        all.add(new Broken(name, weights, config, weights, "", rule));
    }

    Path folder() {
        return folder;
    }

    /** A tensor of a raw file; {@code shape} as in JSON, without brackets. */
    public record Raw(String dtype, String shape, byte[] bytes) {}

    /** The sound model's tensors. */
    public static Map<String, Raw> tensors() {
        GeneratedWeights values = new GeneratedWeights(MODEL, 1);
        Map<String, Raw> tensors = new LinkedHashMap<>();
        for (Parameter parameter : Parameters.of(MODEL).list()) {
            float[] floats = new float[Math.toIntExact(parameter.shape().size())];
            values.read(parameter, floats);
            ByteBuffer bytes = ByteBuffer.allocate(floats.length * 4).order(ByteOrder.LITTLE_ENDIAN);
            bytes.asFloatBuffer().put(floats);
            String shape = java.util.Arrays.stream(parameter.shape().dimensions()).mapToObj(String::valueOf).collect(Collectors.joining(","));
            tensors.put(parameter.name(), new Raw("F32", shape, bytes.array()));
        }
        return tensors;
    }

    /** A well-formed safetensors file. */
    public static byte[] safetensors(Map<String, Raw> tensors) {
        RawSafetensors file = new RawSafetensors();
        tensors.forEach((name, raw) -> file.tensor(name, Dtype.valueOf(raw.dtype), raw.shape, raw.bytes));
        return file.bytes();
    }

    /** A well-formed npz file. */
    public static byte[] npz(Map<String, Raw> tensors, boolean deflated) {
        RawNpz file = new RawNpz();
        tensors.forEach((name, raw) -> file.array(name, deflated, "<f4", false, "(" + raw.shape + ",)", raw.bytes));
        return file.bytes();
    }
}
