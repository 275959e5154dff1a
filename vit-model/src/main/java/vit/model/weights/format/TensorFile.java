package vit.model.weights.format;

import java.io.Closeable;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import vit.model.InputException;
import vit.model.weights.WeightFolder;

/**
 * Named tensors in a file, in several files, or in memory. Opening reads and checks the whole directory of tensors. Elements are read when they are asked
 * for, through bounded buffers. The file is never mapped, because a file that somebody truncates must cause an exception, not a crash of the JVM.
 *
 * <pre>{@code
 * try (TensorFile file = TensorFile.open(Path.of("model.safetensors"))) {
 *     TensorEntry bias = file.find("head.bias");
 *     float[] values = new float[Math.toIntExact(bias.shape().size())];
 *     file.readFloats(bias, 0, values, 0, values.length);
 * }
 * }</pre>
 *
 * <p>For one thread at a time. The caller closes it, and must not read from it afterwards.
 */
public sealed interface TensorFile extends Closeable permits SafetensorsFile, NpzFile, ShardedFile {

    /** The file's path, or another name that messages use. */
    String name();

    /** All tensors, in the order of the file. */
    List<TensorEntry> entries();

    /** The tensor of this name, or null. */
    TensorEntry find(String name);

    /** Free text beside the tensors; empty if the format has none. */
    Map<String, String> metadata();

    /**
     * Reads elements {@code first … first + count − 1} of a tensor, in row-major order of its shape, into {@code target} from {@code offset} on. F32, F16
     * and BF16 convert exactly; other types round to nearest. Reading in ascending order is the fastest.
     *
     * @throws InputException if the file turns out to be malformed or shorter than when it was opened
     */
    void readFloats(TensorEntry entry, long first, float[] target, int offset, int count) throws IOException;

    /** As {@link #readFloats}, to double. All values are exact except integers beyond 2^53. */
    void readDoubles(TensorEntry entry, long first, double[] target, int offset, int count) throws IOException;

    /**
     * Opens weights. The content decides the format.
     *
     * @param file a safetensors or npz file, the index of a safetensors file in several parts, or a folder with one of them
     * @throws InputException if it is missing, of another format (which is named), or malformed
     */
    static TensorFile open(Path file) throws IOException {
        Path chosen = WeightFolder.weights(file);
        ByteSource source = ByteSource.OfFile.open(chosen);
        try {
            if (FileKind.of(source) != FileKind.JSON) {
                return FileKind.open(source);
            }
            source.close();
            return ShardedFile.open(chosen);
        } catch (Throwable t) {
            source.close();
            throw t;
        }
    }

    /**
     * Opens weights in memory.
     *
     * @param name  the name that messages use
     * @param bytes a safetensors or npz file. The array is not copied, but read until this is closed, and must not be changed until then
     * @throws InputException as for a file
     */
    static TensorFile open(String name, byte[] bytes) throws IOException {
        return FileKind.open(ByteSource.InMemory.of(name, bytes));
    }

    /**
     * Opens weights from a stream, which is read to its end at once and not closed.
     *
     * @param name   the name that messages use
     * @param stream a safetensors or npz file
     * @throws InputException as for a file
     */
    static TensorFile open(String name, InputStream stream) throws IOException {
        return FileKind.open(ByteSource.InMemory.readAll(name, stream));
    }
}
