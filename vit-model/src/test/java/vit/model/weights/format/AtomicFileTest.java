package vit.model.weights.format;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.ClosedByInterruptException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import vit.kernels.tensor.Shape;

/** Writes on a disk on which each operation in turn fails. The file then holds either all old or all new bytes. */
class AtomicFileTest {

    @TempDir
    private Path folder;

    private final FaultyFileSystem disk = new FaultyFileSystem();

    private static void writeTensors(Path file, float value) throws IOException {
        float[] values = new float[200_000]; // several buffers
        Arrays.fill(values, value);
        try (SafetensorsWriter writer = new SafetensorsWriter(file, List.of(new SafetensorsWriter.Tensor("values", Dtype.F32, Shape.of(values.length))),
                Map.of())) {
            writer.write(values, 0, values.length);
            writer.commit();
        }
    }

    @Test
    void whicheverOperationFailsTheOldFileIsWholeAndNothingIsLeftOver() throws Exception {
        Path file = folder.resolve("values.safetensors");
        writeTensors(file, 2);
        byte[] after = Files.readAllBytes(file);
        writeTensors(file, 1);
        byte[] before = Files.readAllBytes(file);
        disk.fail(Long.MAX_VALUE, false, "");
        writeTensors(disk.of(file), 1);
        long operations = disk.operations();
        assertTrue(operations >= 8, () -> "only " + operations + " operations"); // one create, several writes, force, rename, force of the folder
        for (String reason : List.of("No space left on device", "Input/output error")) {
            for (boolean always : new boolean[] {false, true}) {
                for (long k = 1; k <= operations; k++) {
                    writeTensors(file, 1);
                    disk.fail(k, always, reason);
                    IOException fault = assertThrows(IOException.class, () -> writeTensors(disk.of(file), 2));
                    String where = "operation " + k + " of " + operations + ": " + fault;
                    assertTrue(fault.toString().contains(file + ": the file cannot be written: " + reason + "; it needs " + after.length + " bytes, "), where);
                    assertArrayEquals(k < operations ? before : after, Files.readAllBytes(file), where); // the last operation forces the folder, after the file was renamed
                    try (Stream<Path> left = Files.list(folder)) {
                        assertEquals(List.of(file), left.toList(), where);
                    }
                }
            }
        }
        disk.fail(Long.MAX_VALUE, false, "");
        writeTensors(disk.of(file), 2);
        assertArrayEquals(after, Files.readAllBytes(file));
    }

    @Test
    void aFolderThatIsMissingIsNamedAndNotTheTemporaryFile() {
        Path file = folder.resolve("nowhere/values");
        NoSuchFileException fault = assertThrows(NoSuchFileException.class, () -> AtomicFile.write(file, new byte[3]));
        assertEquals(file.toString(), fault.getFile());
        assertTrue(fault.getReason().endsWith("nowhere"), fault::toString);
    }

    @Test
    void anInterruptStaysAnInterruptAndLeavesTheOldFile() throws Exception {
        Path file = folder.resolve("values");
        AtomicFile.write(file, new byte[] {1});
        Thread.currentThread().interrupt();
        assertThrows(ClosedByInterruptException.class, () -> AtomicFile.write(file, new byte[] {2}));
        assertTrue(Thread.interrupted());
        assertArrayEquals(new byte[] {1}, Files.readAllBytes(file));
        try (Stream<Path> left = Files.list(folder)) {
            assertEquals(1, left.count());
        }
    }

    @Test
    void theChecksumIsThatOfAllBytesBeforeIt() throws Exception {
        Path file = folder.resolve("summed.safetensors");
        float[] values = new float[100_001];
        Random random = new Random(1);
        for (int i = 0; i < values.length; i++) {
            values[i] = random.nextFloat();
        }
        try (SafetensorsWriter writer = new SafetensorsWriter(file, List.of(new SafetensorsWriter.Tensor("values", Dtype.F32, Shape.of(values.length)),
                new SafetensorsWriter.Tensor("checksum", Dtype.I64, Shape.of(1))), Map.of("a", "b"))) {
            writer.write(values, 0, values.length);
            writer.writeChecksum();
            writer.commit();
        }
        byte[] bytes = Files.readAllBytes(file);
        int crc = -1; // CRC-32C bit by bit, with the polynomial 0x1EDC6F41 reflected
        for (int i = 0; i < bytes.length - Long.BYTES; i++) {
            crc ^= bytes[i] & 0xFF;
            for (int bit = 0; bit < 8; bit++) {
                crc = crc >>> 1 ^ (crc & 1) * 0x82F63B78;
            }
        }
        assertEquals(Integer.toUnsignedLong(~crc), ByteBuffer.wrap(bytes, bytes.length - Long.BYTES, Long.BYTES).order(java.nio.ByteOrder.LITTLE_ENDIAN).getLong());
    }
}
