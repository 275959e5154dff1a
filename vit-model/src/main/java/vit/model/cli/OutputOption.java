package vit.model.cli;

import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.stream.Stream;
import picocli.CommandLine.Option;
import vit.kernels.tensor.Shape;

/** {@code --output F}: a safetensors file of one float32 tensor with one row per image. */
final class OutputOption {

    @Option(names = "--output", paramLabel = "F", required = true, converter = OutputFileConverter.class,
            description = "The safetensors file to write. An existing one is replaced.")
    private Path file;

    /** Refuses a path that cannot become the file, before any work is done. The inputs may be null. */
    void check(Path weights, Path config, List<ImageInput> images) throws CommandException {
        OutputCheck.require(file, OutputCheck.Format.SAFETENSORS, inputs(weights, config, images));
    }

    /** The files that a command reads. */
    static List<Path> inputs(Path weights, Path config, List<ImageInput> images) {
        return Stream.concat(Stream.of(weights, config), images.stream().map(ImageInput::path)).filter(Objects::nonNull).toList();
    }

    /**
     * Writes one row per image, as {@link ImageRows} says.
     *
     * @param tensor the tensor's name
     * @param row    the shape of one row
     * @param run    runs a computation of the elements of a row
     * @return the exit code
     * @throws CommandException if the file cannot be written, or as {@link EachImage#run} says
     */
    int write(Vit vit, String tensor, Shape row, List<ImageInput> images, boolean strict, ImageRows.Run run)
            throws CommandException, IOException {
        try (RowFile rows = RowFile.safetensors(file, tensor, RowFile.shape(images.size(), row), Map.of())) {
            return ImageRows.write(vit, tensor, rows, Math.toIntExact(row.size()), images, strict, run);
        }
    }
}
