package vit.model.image;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Assumptions;

/** The tensors of a reference file of {@code ../shared/golden}; just enough of safetensors to read those. */
public final class GoldenTensors {

    /** A tensor: exactly one of the arrays is there. */
    public record Entry(String type, int[] shape, ByteBuffer bytes) {

        byte[] u8() {
            byte[] out = new byte[bytes.remaining()];
            bytes.duplicate().get(out);
            return out;
        }

        float[] f32() {
            float[] out = new float[bytes.remaining() / Float.BYTES];
            bytes.duplicate().order(ByteOrder.LITTLE_ENDIAN).asFloatBuffer().get(out);
            return out;
        }

        /** F32 or F64. */
        public double[] f64() {
            if (type.equals("F32")) {
                float[] narrow = f32();
                double[] out = new double[narrow.length];
                for (int i = 0; i < out.length; i++) {
                    out[i] = narrow[i];
                }
                return out;
            }
            double[] out = new double[bytes.remaining() / Double.BYTES];
            bytes.duplicate().order(ByteOrder.LITTLE_ENDIAN).asDoubleBuffer().get(out);
            return out;
        }
    }

    private static final Pattern ENTRY = Pattern.compile(
            "\"([^\"]+)\":\\s*\\{\"dtype\":\\s*\"(\\w+)\",\\s*\"shape\":\\s*\\[([\\d,\\s]*)\\],\\s*\"data_offsets\":\\s*\\[(\\d+),\\s*(\\d+)\\]\\}");

    private final Map<String, Entry> entries = new LinkedHashMap<>();

    private GoldenTensors() {}

    /** The folder {@code shared}; the test is skipped with a message where there is none. */
    static Path shared() {
        Path folder = Path.of(System.getProperty("user.dir")).toAbsolutePath();
        while (folder != null && !(Files.exists(folder.resolve("pom.xml")) && Files.isDirectory(folder.resolve("vit-kernels")))) {
            folder = folder.getParent();
        }
        Path shared = folder == null ? null : folder.resolveSibling("shared");
        Assumptions.assumeTrue(shared != null && Files.isDirectory(shared), "no ../shared beside the project: reference cases skipped");
        return shared;
    }

    public static GoldenTensors read(String name) throws IOException {
        ByteBuffer file = ByteBuffer.wrap(Files.readAllBytes(shared().resolve("golden").resolve(name))).order(ByteOrder.LITTLE_ENDIAN);
        int header = Math.toIntExact(file.getLong());
        byte[] json = new byte[header];
        file.get(json);
        GoldenTensors tensors = new GoldenTensors();
        Matcher matcher = ENTRY.matcher(new String(json, java.nio.charset.StandardCharsets.UTF_8));
        while (matcher.find()) {
            int[] shape = Pattern.compile(",").splitAsStream(matcher.group(3)).map(String::trim).filter(s -> !s.isEmpty())
                    .mapToInt(Integer::parseInt).toArray();
            int begin = Integer.parseInt(matcher.group(4));
            ByteBuffer bytes = file.slice(8 + header + begin, Integer.parseInt(matcher.group(5)) - begin);
            tensors.entries.put(matcher.group(1), new Entry(matcher.group(2), shape, bytes));
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

    /** A (height, width, 3) tensor as an image. */
    RgbImage image(String name) {
        Entry entry = get(name);
        return new RgbImage(name, entry.shape()[0], entry.shape()[1], entry.u8());
    }
}
