package vit.model.cli;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.stream.IntStream;
import vit.kernels.tensor.Shape;
import vit.model.weights.format.AtomicFile;
import vit.model.weights.format.Dtype;
import vit.model.weights.format.NpyWriter;
import vit.model.weights.format.SafetensorsWriter;

/** A file of one float32 tensor with a row for each image. It appears under its name when it is committed. */
interface RowFile extends AutoCloseable {

    /** The files that committing writes. */
    List<Path> paths();

    /** Appends elements. */
    void write(float[] values, int count) throws IOException;

    /** Makes the file visible. */
    void commit() throws IOException;

    @Override
    void close() throws IOException;

    /** Whether a name asks for a NumPy array. */
    static boolean isNpy(Path file) {
        return file.toString().toLowerCase(Locale.ROOT).endsWith(".npy");
    }

    /** The shape of {@code rows} rows. */
    static Shape shape(int rows, Shape row) {
        return Shape.of(IntStream.concat(IntStream.of(rows), Arrays.stream(row.dimensions())).toArray());
    }

    /**
     * Starts a safetensors file.
     *
     * @throws CommandException if {@code --output} cannot be written
     */
    static RowFile safetensors(Path file, String tensor, Shape shape, Map<String, String> metadata) throws CommandException {
        try {
            SafetensorsWriter writer = new SafetensorsWriter(file, List.of(new SafetensorsWriter.Tensor(tensor, Dtype.F32, shape)), metadata);
            return new RowFile() {
                @Override
                public List<Path> paths() {
                    return List.of(file);
                }

                @Override
                public void write(float[] values, int count) throws IOException {
                    writer.write(values, 0, count);
                }

                @Override
                public void commit() throws IOException {
                    writer.commit();
                }

                @Override
                public void close() throws IOException {
                    writer.close();
                }
            };
        } catch (IOException e) {
            throw unwritable(e);
        }
    }

    /**
     * Starts a NumPy array.
     *
     * @param names the file to write beside it when it is committed
     * @param lines what that file holds
     * @throws CommandException if {@code --output} cannot be written
     */
    static RowFile npy(Path file, Shape shape, Path names, String lines) throws CommandException {
        try {
            NpyWriter writer = new NpyWriter(file, shape);
            return new RowFile() {
                @Override
                public List<Path> paths() {
                    return List.of(file, names);
                }

                @Override
                public void write(float[] values, int count) throws IOException {
                    writer.write(values, 0, count);
                }

                @Override
                public void commit() throws IOException {
                    writer.commit();
                    AtomicFile.write(names, lines.getBytes(StandardCharsets.UTF_8));
                }

                @Override
                public void close() throws IOException {
                    writer.close();
                }
            };
        } catch (IOException e) {
            throw unwritable(e);
        }
    }

    private static CommandException unwritable(IOException fault) {
        return new CommandException("--output " + FaultReport.reason(fault), "name another file with --output", fault);
    }
}
