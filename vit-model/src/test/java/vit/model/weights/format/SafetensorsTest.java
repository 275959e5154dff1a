package vit.model.weights.format;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.stream.Stream;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import vit.kernels.tensor.Shape;
import vit.model.InputException;
import vit.model.weights.format.SafetensorsWriter.Tensor;

/** What is written as safetensors reads back exactly. An uncommitted file leaves the old one, and a broken promise is an error. */
class SafetensorsTest {

    private static final Dtype[] WRITTEN = {Dtype.F64, Dtype.F32, Dtype.F16, Dtype.BF16, Dtype.I64, Dtype.I32, Dtype.U8};

    @Property(tries = 200)
    void whatIsWrittenReadsBackFromAnyPlace(@ForAll long seed, @ForAll @IntRange(max = 6) int count) throws IOException {
        Path folder = Files.createTempDirectory("vit-safetensors");
        Path path = folder.resolve("w.safetensors");
        Random random = new Random(seed);
        List<Tensor> tensors = new ArrayList<>();
        List<double[]> values = new ArrayList<>();
        for (int i = 0; i < count; i++) {
            int[] dimensions = random.ints(random.nextInt(4), 0, 9).toArray();
            Tensor tensor = new Tensor("t.\"ä" + i, WRITTEN[random.nextInt(WRITTEN.length)], Shape.of(dimensions));
            tensors.add(tensor);
            values.add(random.ints(tensor.shape().size(), 0, 200).asDoubleStream().toArray()); // values that every type holds exactly
        }
        Map<String, String> metadata = random.nextBoolean() ? Map.of("format", "pt") : Map.of();
        try (SafetensorsWriter writer = new SafetensorsWriter(path, tensors, metadata)) {
            for (double[] all : values) {
                int cut = random.nextInt(all.length + 1);
                writer.write(all, 0, cut);
                writer.write(all, cut, all.length - cut);
            }
            writer.commit();
        }
        try (TensorFile file = TensorFile.open(path)) {
            assertEquals(metadata, file.metadata());
            assertEquals(tensors.stream().map(Tensor::name).sorted().toList(), file.entries().stream().map(TensorEntry::name).sorted().toList());
            for (int i = 0; i < count; i++) {
                TensorEntry entry = file.find(tensors.get(i).name());
                assertEquals(tensors.get(i).shape(), entry.shape());
                assertEquals(tensors.get(i).dtype(), entry.dtype());
                int first = random.nextInt(values.get(i).length + 1);
                int part = random.nextInt(values.get(i).length - first + 1);
                double[] doubles = new double[part];
                float[] floats = new float[part + 2];
                file.readDoubles(entry, first, doubles, 0, part);
                file.readFloats(entry, first, floats, 1, part);
                for (int j = 0; j < part; j++) {
                    assertEquals(values.get(i)[first + j], doubles[j]);
                    assertEquals(doubles[j], floats[1 + j]);
                }
            }
        }
        assertEquals(List.of(path), list(folder));
        Files.delete(path);
        Files.delete(folder);
    }

    private static List<Path> list(Path folder) throws IOException {
        try (Stream<Path> files = Files.list(folder)) {
            return files.toList();
        }
    }

    @Test
    void tensorsLargerThanTheBufferReadWhole(@TempDir Path folder) throws IOException {
        float[] values = new float[300_001];
        for (int i = 0; i < values.length; i++) {
            values[i] = i * 0.5f;
        }
        Path path = folder.resolve("w.safetensors");
        write(path, values);
        try (TensorFile file = TensorFile.open(path)) {
            float[] read = new float[values.length];
            file.readFloats(file.find("x"), 0, read, 0, read.length);
            assertArrayEquals(values, read);
            assertThrows(IndexOutOfBoundsException.class, () -> file.readFloats(file.find("x"), 1, read, 0, read.length));
        }
    }

    private static void write(Path path, float[] values) throws IOException {
        try (SafetensorsWriter writer = new SafetensorsWriter(path, List.of(new Tensor("x", Dtype.F32, Shape.of(values.length))), Map.of())) {
            writer.write(values, 0, values.length);
            writer.commit();
        }
    }

    @Test
    void theSameTensorsAlwaysGiveTheSameFile(@TempDir Path folder) throws IOException {
        write(folder.resolve("a"), new float[] {1, 2});
        byte[] bytes = Files.readAllBytes(folder.resolve("a"));
        assertEquals(0, (bytes.length - 8) % 8);
        String header = "{\"x\":{\"dtype\":\"F32\",\"shape\":[2],\"data_offsets\":[0,8]}}";
        assertEquals(header, new String(bytes, 8, header.length(), java.nio.charset.StandardCharsets.UTF_8));
    }

    @Test
    void anUncommittedFileLeavesTheOldOne(@TempDir Path folder) throws IOException {
        Path path = folder.resolve("w.safetensors");
        write(path, new float[] {1, 2, 3});
        byte[] before = Files.readAllBytes(path);
        try (SafetensorsWriter writer = new SafetensorsWriter(path, List.of(new Tensor("y", Dtype.F32, Shape.of(2))), Map.of())) {
            writer.write(new float[] {9}, 0, 1);
            assertThrows(IllegalStateException.class, writer::commit);
        }
        assertArrayEquals(before, Files.readAllBytes(path));
        assertEquals(List.of(path), list(folder));
    }

    @Test
    void writingOtherThanPromisedIsAProgrammingError(@TempDir Path folder) throws IOException {
        Path path = folder.resolve("w");
        Tensor x = new Tensor("x", Dtype.F32, Shape.of(2));
        assertThrows(IllegalArgumentException.class, () -> new SafetensorsWriter(path, List.of(x, x), Map.of()));
        assertThrows(IllegalArgumentException.class, () -> new SafetensorsWriter(path, List.of(new Tensor("__metadata__", Dtype.F32, Shape.of(1))), Map.of("a", "b")));
        try (SafetensorsWriter writer = new SafetensorsWriter(path, List.of(x), Map.of())) {
            assertThrows(IllegalStateException.class, () -> writer.write(new float[3], 0, 3));
            assertThrows(IllegalStateException.class, () -> writer.write(new long[2], 0, 2));
        }
        assertFalse(Files.exists(path));
    }

    @Test
    void aFileCutWhileOpenGivesAnException(@TempDir Path folder) throws IOException {
        Path path = folder.resolve("w.safetensors");
        write(path, new float[100_000]);
        try (TensorFile file = TensorFile.open(path)) {
            try (FileChannel channel = FileChannel.open(path, StandardOpenOption.WRITE)) {
                channel.truncate(1000);
            }
            InputException e = assertThrows(InputException.class, () -> file.readFloats(file.find("x"), 0, new float[100_000], 0, 100_000));
            assertTrue(e.getMessage().contains("byte 1000: the file became shorter"), e.getMessage());
        }
    }

    @Test
    void aHeaderLengthThatLooksLikeAPickleIsStillSafetensors(@TempDir Path folder) throws IOException {
        String header = "{\"x\":{\"dtype\":\"U8\",\"shape\":[1],\"data_offsets\":[0,1]}}";
        Path path = Files.write(folder.resolve("w"), RawSafetensors.bytes(header + " ".repeat(0x280 - header.length()), new byte[] {7}));
        try (TensorFile file = TensorFile.open(path)) {
            assertEquals(1, file.entries().size());
        }
    }
}
