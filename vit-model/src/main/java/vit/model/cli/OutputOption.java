package vit.model.cli;

import java.io.IOException;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import picocli.CommandLine.Option;
import vit.kernels.tensor.Shape;
import vit.model.weights.format.Dtype;
import vit.model.weights.format.SafetensorsWriter;

/** {@code --output F}: a safetensors file of one float32 tensor with one row per image. */
final class OutputOption {

    @Option(names = "--output", paramLabel = "F", required = true, converter = OutputFileConverter.class,
            description = "The safetensors file to write. An existing one is replaced.")
    private Path file;

    /** Refuses a path that cannot become the file, before any work is done. The inputs may be null. */
    void check(Path weights, Path config, List<ImageInput> images) throws CommandException {
        Stream<Path> inputs = Stream.concat(Stream.of(weights, config), images.stream().map(ImageInput::path)).filter(Objects::nonNull);
        OutputCheck.require(file, OutputCheck.Format.SAFETENSORS, inputs.toList());
    }

    /**
     * Writes one row per image. The row of an image without a result is NaN, so that each row has its image's index. If no image has a result,
     * nothing is written.
     *
     * @param tensor      the tensor's name
     * @param row         the shape of one row
     * @param computation computes the elements of a row
     * @return the exit code
     * @throws CommandException if the file cannot be written, or as {@link EachImage#run} says
     */
    int write(Vit vit, String tensor, Shape row, List<ImageInput> images, boolean strict, String doing, EachImage.Computation<float[]> computation)
            throws CommandException, IOException {
        boolean replaced = OutputCheck.replaces(file);
        Shape shape = Shape.of(IntStream.concat(IntStream.of(images.size()), Arrays.stream(row.dimensions())).toArray());
        int code;
        try (SafetensorsWriter writer = open(tensor, shape)) {
            Rows rows = new Rows(vit, tensor, writer, Math.toIntExact(row.size()), !strict && images.size() > 1);
            code = new EachImage(vit, images, strict).run(doing, computation, rows);
            if (rows.good == 0) {
                vit.status().note(file + ": no image gave a result, so nothing is written");
                return code;
            }
            writer.commit();
        }
        if (replaced) {
            vit.status().note(file + ": replaced the file that was there");
        }
        return code;
    }

    private SafetensorsWriter open(String tensor, Shape shape) throws CommandException {
        try {
            return new SafetensorsWriter(file, List.of(new SafetensorsWriter.Tensor(tensor, Dtype.F32, shape)), Map.of());
        } catch (IOException e) {
            throw new CommandException("--output " + FaultReport.reason(e), "name another file with --output", e);
        }
    }

    /** Writes rows as they become known. */
    private static final class Rows implements EachImage.Results<float[]> {
        private final Vit vit;
        private final String tensor;
        private final SafetensorsWriter writer;
        private final float[] missing;
        private final boolean goesOn; // whether to continue after a bad image
        private int row;
        private int good;

        Rows(Vit vit, String tensor, SafetensorsWriter writer, int elements, boolean goesOn) {
            this.goesOn = goesOn;
            this.vit = vit;
            this.tensor = tensor;
            this.writer = writer;
            this.missing = new float[elements];
            Arrays.fill(missing, Float.NaN);
        }

        @Override
        public void good(ImageInput image, float[] result) throws IOException {
            writer.write(result, 0, missing.length);
            row++;
            good++;
        }

        @Override
        public void bad(ImageInput image, String fault) throws IOException {
            writer.write(missing, 0, missing.length);
            if (goesOn) {
                vit.status().warn(fault + "; row " + row + " of '" + tensor + "' is NaN");
            }
            row++;
        }
    }
}
