package vit.model.cli;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import vit.kernels.tensor.Shape;
import vit.model.InputException;
import vit.model.json.Json;
import vit.model.weights.config.Labels;
import vit.model.weights.format.NpyFile;
import vit.model.weights.format.TensorEntry;
import vit.model.weights.format.TensorFile;

/**
 * A file with one vector in each row: of images, as {@code vit embed} writes them, or of texts.
 *
 * @param file     where it was read
 * @param values   (rows, width)
 * @param names    of the rows; empty if no file says them
 * @param metadata of the file; empty in a NumPy array
 * @param scalars  the tensors of one element beside the table, by name
 */
record VectorTable(Path file, float[] values, int rows, int width, List<String> names, Map<String, String> metadata, Map<String, Double> scalars) {

    /**
     * Reads a file.
     *
     * @param fields the metadata's fields that may hold the names, as a JSON array
     * @throws InputException if the file is malformed or has no table of numbers
     */
    static VectorTable read(Path file, String... fields) throws IOException {
        if (RowFile.isNpy(file)) {
            NpyFile.Array array = NpyFile.read(file);
            Path names = Embed.namesFile(file);
            return of(file, array.shape(), array.values(), Files.isRegularFile(names) ? Labels.read(names) : List.of(), Map.of(), Map.of());
        }
        try (TensorFile tensors = TensorFile.open(file)) {
            TensorEntry table = table(tensors);
            float[] values = new float[Math.toIntExact(table.shape().size())];
            tensors.readFloats(table, 0, values, 0, values.length);
            return of(file, table.shape(), values, names(tensors, fields), tensors.metadata(), scalars(tensors));
        }
    }

    /** The only tensor of two dimensions, or that of the usual name if there are several. */
    private static TensorEntry table(TensorFile tensors) throws InputException {
        List<TensorEntry> tables = tensors.entries().stream().filter(entry -> entry.shape().rank() == 2 && entry.shape().size() < Integer.MAX_VALUE).toList();
        if (tables.size() > 1) {
            tables = tables.stream().filter(entry -> entry.name().equals(Embed.TENSOR)).toList();
        }
        if (tables.size() != 1) {
            throw InputException.in(tensors.name()).expected("one tensor of two dimensions, a vector in each row, or one named '" + Embed.TENSOR + "'")
                    .found(tensors.entries().stream().limit(3).map(entry -> entry.name() + " " + entry.shape()).toList())
                    .because("the file holds no table of vectors");
        }
        return tables.getFirst();
    }

    private static Map<String, Double> scalars(TensorFile tensors) throws IOException {
        Map<String, Double> scalars = new TreeMap<>();
        for (TensorEntry entry : tensors.entries()) {
            if (entry.shape().size() == 1) {
                double[] value = new double[1];
                tensors.readDoubles(entry, 0, value, 0, 1);
                scalars.put(entry.name(), value[0]);
            }
        }
        return scalars;
    }

    private static List<String> names(TensorFile tensors, String... fields) throws IOException {
        for (String field : fields) {
            String text = tensors.metadata().get(field);
            if (text != null) {
                return Json.parseValue(tensors.name() + ", metadata " + field, text.getBytes(StandardCharsets.UTF_8)).array().texts();
            }
        }
        return List.of();
    }

    private static VectorTable of(Path file, Shape shape, float[] values, List<String> names, Map<String, String> metadata, Map<String, Double> scalars)
            throws InputException {
        if (shape.rank() != 2 || shape.size() == 0) {
            throw InputException.in(file).expected("two dimensions, a vector in each row").found(shape).because("the array is no table of vectors");
        }
        if (!names.isEmpty() && names.size() != shape.dimension(0)) {
            throw InputException.in(file).expected(shape.dimension(0) + " names, one for each row").found(names.size()).because("names and rows do not fit");
        }
        return new VectorTable(file, values, shape.dimension(0), shape.dimension(1), names, metadata, scalars);
    }

    /** The same table with other names. */
    VectorTable withNames(List<String> others) {
        return new VectorTable(file, values, rows, width, others, metadata, scalars);
    }

    /** The name of a row; its number if no file says the names. */
    String name(int row) {
        return names.isEmpty() ? String.valueOf(row) : names.get(row);
    }

    /** Requires vectors of {@code expected} elements. */
    void requireWidth(int expected, String what) throws CommandException {
        if (width != expected) {
            throw new CommandException(file + ": its vectors have " + width + " elements, and " + what + " has " + expected,
                    "both must come from one model; name it with --weights");
        }
    }

    /** The cosine of the angle between each row and a vector, summed in double precision. NaN for a row that is not finite or is zero. */
    double[] cosines(float[] vector) {
        double length = length(vector, 0);
        double[] cosines = new double[rows];
        for (int row = 0; row < rows; row++) {
            cosines[row] = dot(values, row * width, vector, 0) / (length(values, row * width) * length);
        }
        return cosines;
    }

    /** Whether a row is a vector with a direction: finite, and not zero. */
    boolean hasDirection(int row) {
        double length = length(values, row * width);
        return length > 0 && Double.isFinite(length);
    }

    private double length(float[] a, int from) {
        return Math.sqrt(dot(a, from, a, from));
    }

    private double dot(float[] a, int fromA, float[] b, int fromB) {
        double sum = 0;
        for (int i = 0; i < width; i++) {
            sum += (double) a[fromA + i] * b[fromB + i];
        }
        return sum;
    }
}
