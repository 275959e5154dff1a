package vit.model.weights.format;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import vit.kernels.tensor.Shape;
import vit.model.InputException;

/** A NumPy array is read as it was written, and a malformed file is refused before its elements are allocated. */
class NpyFileTest {

    @TempDir
    private Path folder;

    private Path written(Shape shape, float[] values) throws IOException {
        Path file = folder.resolve("a.npy");
        try (NpyWriter writer = new NpyWriter(file, shape)) {
            writer.write(values, 0, values.length / 2);
            writer.write(values, values.length / 2, values.length - values.length / 2);
            writer.commit();
        }
        return file;
    }

    /** The last of the shapes does not fit into a buffer. */
    @Test
    void whatIsWrittenIsRead() throws IOException {
        for (Shape shape : new Shape[] {Shape.of(), Shape.of(5), Shape.of(2, 3), Shape.of(2, 3, 4, 5), Shape.of(0, 7), Shape.of(300, 401)}) {
            float[] values = new float[(int) shape.size()];
            for (int i = 0; i < values.length; i++) {
                values[i] = i % 3 == 0 ? Float.NaN : i / 7f;
            }
            Path file = written(shape, values);
            NpyFile.Array array = NpyFile.read(file);
            assertEquals(shape, array.shape());
            assertArrayEquals(values, array.values());
            byte[] bytes = Files.readAllBytes(file);
            assertEquals(0, (bytes.length - values.length * Float.BYTES) % 64, "NumPy aligns the elements");
            assertEquals('\n', bytes[bytes.length - values.length * Float.BYTES - 1]);
        }
    }

    /** NumPy writes a tuple of one element with a comma. */
    @Test
    void theHeaderIsAsNumpyWritesIt() throws IOException {
        assertTrue(header(written(Shape.of(5), new float[5])).startsWith("{'descr': '<f4', 'fortran_order': False, 'shape': (5,), }"));
        assertTrue(header(written(Shape.of(2, 3), new float[6])).startsWith("{'descr': '<f4', 'fortran_order': False, 'shape': (2, 3), }"));
        assertTrue(header(written(Shape.of(), new float[1])).startsWith("{'descr': '<f4', 'fortran_order': False, 'shape': (), }"));
    }

    private static String header(Path file) throws IOException {
        return new String(Files.readAllBytes(file), 10, 64, StandardCharsets.US_ASCII);
    }

    @Test
    void anUnfinishedArrayLeavesNoFile() throws IOException {
        Path file = folder.resolve("b.npy");
        try (NpyWriter writer = new NpyWriter(file, Shape.of(3))) {
            writer.write(new float[2], 0, 2);
            assertThrows(IllegalStateException.class, writer::commit);
            assertThrows(IllegalStateException.class, () -> writer.write(new float[2], 0, 2));
        }
        assertFalse(Files.exists(file));
    }

    private Path file(String literal, byte[] elements) throws IOException {
        ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        bytes.write(NpyHeader.magic());
        bytes.write(new byte[] {1, 0, (byte) literal.length(), 0});
        bytes.write(literal.getBytes(StandardCharsets.US_ASCII));
        bytes.write(elements);
        return Files.write(folder.resolve("c.npy"), bytes.toByteArray());
    }

    @Test
    void doublesOfTheOtherByteOrderAreRead() throws IOException {
        byte[] elements = ByteBuffer.allocate(16).putDouble(1.5).putDouble(-2).array();
        NpyFile.Array array = NpyFile.read(file("{'descr': '>f8', 'fortran_order': False, 'shape': (2,)}", elements));
        assertArrayEquals(new float[] {1.5f, -2}, array.values());
    }

    @Test
    void malformedFilesAreRefused() throws IOException {
        String two = "{'descr': '<f4', 'fortran_order': False, 'shape': (2, 1)}";
        refused(file(two, new byte[7]), "size does not match");
        refused(file(two, new byte[9]), "size does not match");
        refused(file("{'descr': '<f4', 'fortran_order': False, 'shape': (2000000000, 1000000000)}", new byte[8]), "size does not match");
        refused(file("{'descr': '<f4', 'fortran_order': True, 'shape': (2, 1)}", new byte[8]), "order");
        refused(file("{'descr': '|O', 'fortran_order': False, 'shape': (2,)}", new byte[8]), "pickled");
        byte[] whole = Files.readAllBytes(file(two, new byte[8]));
        for (int length = 0; length < whole.length; length++) {
            Path cut = Files.write(folder.resolve("cut.npy"), Arrays.copyOf(whole, length));
            assertThrows(InputException.class, () -> NpyFile.read(cut));
        }
        assertThrows(InputException.class, () -> NpyFile.read(folder.resolve("none.npy")));
    }

    private static void refused(Path file, String part) {
        InputException thrown = assertThrows(InputException.class, () -> NpyFile.read(file));
        assertTrue(thrown.getMessage().contains(part), thrown::getMessage);
    }
}
