package vit.model.weights;

import java.io.Closeable;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.List;
import java.util.Map;
import vit.model.InputException;

/**
 * A file of named tensors. Opening reads and checks its whole directory; elements are read when asked for, through
 * bounded buffers, never by mapping the file: a file that somebody truncates must give an exception, not a crash. For one
 * thread at a time.
 */
public sealed interface TensorFile extends Closeable permits SafetensorsFile, NpzFile {

    /** The file. */
    Path path();

    /** All tensors, in the order of the file. */
    List<TensorEntry> entries();

    /** The tensor of this name, or null. */
    TensorEntry find(String name);

    /** Free text beside the tensors; empty where the format has none. */
    Map<String, String> metadata();

    /**
     * Reads elements {@code first … first + count − 1} of a tensor, in row-major order of its shape. F32, F16 and BF16
     * convert exactly, other types round to nearest. Reading in ascending order is the cheap order.
     *
     * @throws InputException if the file turns out to be malformed or shorter than when it was opened
     */
    void readFloats(TensorEntry entry, long first, float[] target, int offset, int count) throws IOException;

    /** As {@link #readFloats}, to double: exact but for integers beyond 2^53. */
    void readDoubles(TensorEntry entry, long first, double[] target, int offset, int count) throws IOException;

    /**
     * Opens {@code file}; its first bytes decide between safetensors and npz.
     *
     * @throws InputException if it is missing, of another format, or malformed
     */
    static TensorFile open(Path file) throws IOException {
        byte[] start = firstBytes(file);
        if (startsWith(start, "PK\005\006")) {
            return NpzFile.open(file); // an archive without entries
        }
        if (start.length == 8 && (start[4] | start[5] | start[6] | start[7]) == 0) {
            return SafetensorsFile.open(file); // a header length below 4 GB; none of the magic numbers below goes on so
        }
        if (startsWith(start, "PK\003\004")) {
            return NpzFile.open(file);
        }
        refuse(file, start, "\u0080", "a Python pickle (.pth, .bin), which can run code when read");
        refuse(file, start, "\u0093NUMPY", "a single NumPy array (.npy)");
        refuse(file, start, "\u0089HDF\r\n", "HDF5 (.h5)");
        refuse(file, start, "GGUF", "GGUF");
        refuse(file, start, "lmgg", "ggml");
        return SafetensorsFile.open(file);
    }

    private static void refuse(Path file, byte[] start, String magic, String format) throws InputException {
        if (startsWith(start, magic)) {
            throw InputException.in(file).at(0).expected("safetensors or npz").found(format)
                    .because("the weight format is not supported; convert the file to safetensors");
        }
    }

    private static boolean startsWith(byte[] bytes, String magic) {
        for (int i = 0; i < magic.length(); i++) {
            if (i >= bytes.length || (bytes[i] & 0xFF) != magic.charAt(i)) {
                return false;
            }
        }
        return true;
    }

    private static byte[] firstBytes(Path file) throws IOException {
        if (Files.isDirectory(file)) {
            throw InputException.in(file).expected("a weight file").found("a folder").because("the weights are not a file");
        }
        try (FileChannel channel = FileChannel.open(file, StandardOpenOption.READ)) {
            ByteBuffer start = ByteBuffer.allocate(8);
            while (start.hasRemaining() && channel.read(start) >= 0) {
                continue;
            }
            return java.util.Arrays.copyOf(start.array(), start.position());
        } catch (NoSuchFileException e) {
            throw InputException.in(file).cause(e).expected("a weight file").found("nothing").because("there is no such file");
        } catch (IOException e) {
            throw InputException.in(file).cause(e).expected("a weight file").found(e.getMessage()).because("the file cannot be read");
        }
    }

    /** Checks a caller's range against the tensor and the array. */
    static void checkRange(TensorEntry entry, long first, int arrayLength, int offset, int count) {
        java.util.Objects.checkFromIndexSize(offset, count, arrayLength);
        java.util.Objects.checkFromIndexSize(first, (long) count, entry.shape().size());
    }
}
