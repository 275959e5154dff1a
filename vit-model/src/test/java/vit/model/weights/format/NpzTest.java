package vit.model.weights.format;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.stream.Collectors;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import vit.kernels.tensor.Shape;

/** Arrays of every type, order and compression in an npz file give their elements. */
class NpzTest {

    private static final List<String> TYPES = List.of("f8", "f4", "f2", "V2", "i8", "i4", "u1");

    @Property(tries = 300)
    void arraysOfEveryTypeOrderAndStorageRead(@ForAll long seed) throws IOException {
        Random random = new Random(seed);
        String type = TYPES.get(random.nextInt(TYPES.size()));
        boolean big = random.nextBoolean() && !type.equals("V2");
        boolean fortran = random.nextBoolean();
        int[] dimensions = random.ints(random.nextInt(5), 0, 7).toArray();
        int size = (int) Shape.of(dimensions).size();
        double[] values = random.ints(size, 0, 200).asDoubleStream().toArray();
        byte[] data = encode(type, big, fortran ? columnMajor(values, dimensions) : values);
        String shape = Arrays.stream(dimensions).mapToObj(String::valueOf).collect(Collectors.joining(", ", "(", dimensions.length == 1 ? ",)" : ")"));
        int version = 1 + random.nextInt(3);
        byte[] npy = RawNpz.npy(version, RawNpz.dictionary((type.equals("u1") || type.equals("V2") ? "|" : big ? ">" : "<") + type, fortran, shape), data);
        Path path = Files.createTempFile("vit", ".npz");
        Files.write(path, new RawNpz().entry("first.npy", true, RawNpz.npy(1, RawNpz.dictionary("<f4", false, "()"), new byte[4]))
                .entry("a/../b.npy", random.nextBoolean(), npy).bytes());
        try (TensorFile file = TensorFile.open(path)) {
            assertEquals(List.of("first", "a/../b"), file.entries().stream().map(TensorEntry::name).toList());
            TensorEntry entry = file.find("a/../b");
            assertEquals(Shape.of(dimensions), entry.shape());
            for (int repeat = 0; repeat < 3; repeat++) {
                int from = random.nextInt(size + 1);
                int count = random.nextInt(size - from + 1);
                double[] read = new double[count];
                float[] floats = new float[count];
                file.readDoubles(entry, from, read, 0, count);
                file.readFloats(entry, from, floats, 0, count);
                assertArrayEquals(Arrays.copyOfRange(values, from, from + count), read);
                for (int i = 0; i < count; i++) {
                    assertEquals(read[i], floats[i]);
                }
            }
        } finally {
            Files.delete(path);
        }
    }

    private static byte[] encode(String type, boolean big, double[] values) {
        Dtype dtype = switch (type) {
            case "f8" -> Dtype.F64;
            case "f4" -> Dtype.F32;
            case "f2" -> Dtype.F16;
            case "V2" -> Dtype.BF16;
            case "i8" -> Dtype.I64;
            case "i4" -> Dtype.I32;
            default -> Dtype.U8;
        };
        ByteBuffer bytes = ByteBuffer.allocate(values.length * dtype.bytes()).order(big ? ByteOrder.BIG_ENDIAN : ByteOrder.LITTLE_ENDIAN);
        for (double value : values) {
            dtype.encode(bytes, value);
        }
        return bytes.array();
    }

    /** The same elements with the first index fastest. */
    private static double[] columnMajor(double[] values, int[] dimensions) {
        double[] result = new double[values.length];
        int[] index = new int[dimensions.length];
        for (double value : values) {
            int place = 0;
            for (int d = dimensions.length - 1; d >= 0; d--) {
                place = place * dimensions[d] + index[d];
            }
            result[place] = value;
            for (int d = dimensions.length - 1; d >= 0 && ++index[d] == dimensions[d]; d--) {
                index[d] = 0;
            }
        }
        return result;
    }

    @Test
    void largeArraysReadInParts(@TempDir Path folder) throws IOException {
        int size = 200_000;
        ByteBuffer data = ByteBuffer.allocate(size * 4).order(ByteOrder.LITTLE_ENDIAN);
        for (int i = 0; i < size; i++) {
            data.putFloat(i);
        }
        Path path = Files.write(folder.resolve("w.npz"), new RawNpz().array("x", true, "<f4", false, "(" + size + ",)", data.array()).bytes());
        try (TensorFile file = TensorFile.open(path)) {
            float[] values = new float[size];
            for (int from = 0; from < size; from += 7000) {
                file.readFloats(file.find("x"), from, values, from, Math.min(7000, size - from));
            }
            for (int i = 0; i < size; i++) {
                assertEquals(i, values[i]);
            }
            file.readFloats(file.find("x"), 3, values, 0, 1);
            assertEquals(3, values[0]);
            TensorEntry entry = file.find("x");
            assertThrows(IllegalArgumentException.class, () -> file.readFloats(
                    new TensorEntry("y", entry.dtype(), entry.shape(), 0, entry.bytes()), 0, values, 0, 1));
        }
    }
}
