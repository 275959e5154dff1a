package vit.model.cli;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import picocli.CommandLine.Option;
import vit.kernels.tensor.Shape;
import vit.model.weights.Dtype;
import vit.model.weights.SafetensorsWriter;

/** {@code --output F}: a safetensors file of one float32 tensor. */
final class OutputOption {

    @Option(names = "--output", paramLabel = "F", required = true, description = "The safetensors file to write.")
    private Path file;

    /** Refuses what cannot become a file, before any work is done. */
    void check() throws CommandException {
        check(file, "out.safetensors");
    }

    /** The same for any file; {@code example} is a good name. */
    static void check(Path file, String example) throws CommandException {
        Path folder = file.toAbsolutePath().getParent();
        if (folder == null || Files.isDirectory(file)) {
            throw new CommandException(file + ": the output is a folder", "name a file, for example " + file.resolve(example));
        }
        if (!Files.isDirectory(folder)) {
            throw new CommandException(file + ": there is no folder " + folder, "make the folder first, or name another");
        }
    }

    /**
     * Starts the file.
     *
     * @throws CommandException if it cannot be made
     */
    SafetensorsWriter open(String tensor, Shape shape) throws CommandException {
        try {
            return new SafetensorsWriter(file, List.of(new SafetensorsWriter.Tensor(tensor, Dtype.F32, shape)), Map.of());
        } catch (IOException e) {
            throw new CommandException(file + ": the output cannot be written: " + FaultReport.reason(e), "name another file with --output");
        }
    }
}
