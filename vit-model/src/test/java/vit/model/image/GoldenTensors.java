package vit.model.image;

import java.io.IOException;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Set;
import vit.model.golden.Golden;
import vit.model.weights.format.Dtype;
import vit.model.weights.format.SafetensorsFile;
import vit.model.weights.format.TensorEntry;

/** The tensors of a small reference file, by name. */
public final class GoldenTensors {

    /** A tensor. Its elements are doubles, which hold every element of the reference files exactly. */
    public record Entry(Dtype type, int[] shape, double[] elements) {

        float[] f32() {
            float[] out = new float[elements.length];
            for (int i = 0; i < out.length; i++) {
                out[i] = (float) elements[i];
            }
            return out;
        }
    }

    private final Map<String, Entry> entries = new LinkedHashMap<>();

    private GoldenTensors() {}

    /** Reads {@code ../shared/golden/images/} {@code name}. If that is missing, the test is skipped with a message. */
    public static GoldenTensors read(String name) throws IOException {
        return read("images", name);
    }

    /** Reads {@code ../shared/golden/} {@code folder} {@code /} {@code name}. If that is missing, the test is skipped with a message. */
    public static GoldenTensors read(String folder, String name) throws IOException {
        GoldenTensors tensors = new GoldenTensors();
        try (SafetensorsFile file = SafetensorsFile.open(Golden.folder(folder).resolve(name))) {
            for (TensorEntry entry : file.entries()) {
                Entry read = new Entry(entry.dtype(), entry.shape().dimensions(), Golden.doubles(file, entry.name()));
                tensors.entries.put(entry.name(), read);
            }
        }
        return tensors;
    }

    public Set<String> names() {
        return entries.keySet();
    }

    public Entry get(String name) {
        Entry entry = entries.get(name);
        if (entry == null) {
            throw new IllegalArgumentException("no tensor " + name);
        }
        return entry;
    }

    /** A (height, width, 3) tensor of bytes as an image. */
    RgbImage image(String name) {
        Entry entry = get(name);
        byte[] pixels = new byte[entry.elements().length];
        for (int i = 0; i < pixels.length; i++) {
            pixels[i] = (byte) (int) entry.elements()[i];
        }
        return new RgbImage(name, entry.shape()[0], entry.shape()[1], pixels);
    }
}
