package vit.model.cli;

import java.io.IOException;
import java.io.PrintWriter;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.ParentCommand;
import picocli.CommandLine.Spec;
import vit.kernels.tensor.Shape;
import vit.model.InputException;
import vit.model.LoadOptions;
import vit.model.StoredAs;
import vit.model.config.ForwardCost;
import vit.model.config.VitConfig;
import vit.model.json.Json;
import vit.model.json.JsonKind;
import vit.model.json.JsonObject;
import vit.model.json.JsonValue;
import vit.model.weights.Recognition;
import vit.model.weights.Weights;
import vit.model.weights.format.TensorEntry;
import vit.model.weights.format.TensorFile;

/** {@code vit inspect}: what a weight file holds. The contents of a file that is no usable model are listed as well, before it is refused. */
@Command(name = "inspect", description = "Show every tensor of a weight file, the parameter count, the architecture, the configuration, and where each of its values comes from.")
final class Inspect implements Callable<Integer> {

    private static final int VALUES_A_ROW = 4;

    @Parameters(paramLabel = "F", description = "A safetensors or npz file.")
    private Path file;

    @Option(names = "--config", paramLabel = "F", description = "Its configuration; default: the config.json beside it.")
    private Path config;

    @Option(names = "--image-size", paramLabel = "HxW", converter = ImageSizeConverter.class,
            description = "Show the model for images of this size, in pixels; default: the configuration's.")
    private LoadOptions options = LoadOptions.DEFAULTS;

    @ParentCommand
    private Vit program;

    @Spec
    private CommandSpec spec;

    @Override
    public Integer call() throws CommandException, IOException {
        PrintWriter out = spec.commandLine().getOut();
        try (TensorFile tensors = TensorFile.open(file)) {
            tensors(tensors.entries(), out);
        } catch (InputException e) {
            throw new CommandException(e, ModelFiles.hint(file, "weights may be safetensors or npz; check whether the file is complete"));
        }
        try (Weights weights = Weights.open(file, config, options)) {
            model(weights, out);
            out.flush();
            ModelFiles.warn(weights.report(), program.status());
        } catch (InputException e) {
            throw new CommandException(e, "the tensors above make no model that this version knows; --config names another configuration");
        }
        return Vit.DONE;
    }

    private static void tensors(List<TensorEntry> entries, PrintWriter out) {
        TextTable table = new TextTable("llr");
        long elements = 0;
        for (TensorEntry entry : entries) {
            table.row(entry.name(), entry.dtype(), shape(entry.shape()));
            elements += entry.shape().size();
        }
        table.print(out, "");
        out.printf(Locale.ROOT, "%d tensors, %,d elements%n", entries.size(), elements);
        out.flush();
    }

    private static String shape(Shape shape) {
        return shape.toString().replace(" ", "");
    }

    private static void model(Weights weights, PrintWriter out) throws IOException {
        VitConfig config = weights.config();
        out.println();
        Recognition recognition = weights.report().recognition();
        TextTable table = new TextTable("ll").row("architecture", recognition.architecture());
        for (int i = 0; i < recognition.reasons().size(); i++) {
            table.row(i == 0 ? "because of" : "", recognition.reasons().get(i));
        }
        table.row("family", weights.report().family());
        JsonObject fields = Json.parse("configuration", weights.model().toJson(Map.of()).getBytes(StandardCharsets.UTF_8));
        for (String name : fields.names()) {
            if (!name.equals("family") && !name.equals("labels")) {
                table.row(name, value(fields.get(name)));
            }
        }
        table.row("labels", weights.labels().isEmpty() ? "none" : weights.labels().size() + ", from " + weights.labels().getFirst() + " to "
                + weights.labels().getLast());
        table.row("tokens", config.tokens());
        table.row("parameters", String.format(Locale.ROOT, "%,d", vit.model.parameters.Parameters.of(config).count()));
        table.row("in memory", bytes(weights, StoredAs.FLOAT32) + " in 32 bits"
                + (bytes(weights, StoredAs.AS_FILE).equals(bytes(weights, StoredAs.FLOAT32)) ? "" : ", " + bytes(weights, StoredAs.AS_FILE) + " as in the file"));
        table.row("forward pass", String.format(Locale.ROOT, "%.3g GFLOP per image", ForwardCost.of(config).flops() / 1e9));
        table.row("missing", "none");
        table.row("not used", weights.report().ignored().isEmpty() ? "none" : String.join(", ", weights.report().ignored()));
        table.print(out, "");
        for (String note : weights.report().notes()) {
            out.println("note: " + note);
        }
        origins(recognition, fields, out);
    }

    /** What the weights take in memory if they are kept so, without padding. */
    private static String bytes(Weights weights, StoredAs storedAs) {
        long bytes = vit.model.parameters.Parameters.of(weights.config()).list().stream()
                .mapToLong(parameter -> parameter.shape().size() * storedAs.of(weights, parameter).bytes()).sum();
        return String.format(Locale.ROOT, "%.1f MB", bytes / 1e6);
    }

    /** Where the values of the configuration come from. What no file tells is listed last. */
    private static void origins(Recognition recognition, JsonObject fields, PrintWriter out) throws InputException {
        Map<String, List<String>> byOrigin = new LinkedHashMap<>();
        List<Map.Entry<String, String>> origins = new ArrayList<>(recognition.origins().entrySet());
        origins.sort(Comparator.comparing(origin -> origin.getValue().startsWith(Recognition.USUAL)));
        for (Map.Entry<String, String> origin : origins) {
            byOrigin.computeIfAbsent(origin.getValue(), _ -> new ArrayList<>()).add(origin.getKey() + " " + value(fields.get(origin.getKey())));
        }
        TextTable table = new TextTable("ll");
        byOrigin.forEach((origin, values) -> {
            for (int i = 0; i < values.size(); i += VALUES_A_ROW) {
                table.row(i == 0 ? origin : "", String.join(", ", values.subList(i, Math.min(i + VALUES_A_ROW, values.size()))));
            }
        });
        out.println();
        out.println("where the configuration comes from:");
        table.print(out, "");
    }

    private static String value(JsonValue value) throws InputException {
        if (value.kind() != JsonKind.ARRAY) {
            return value.kind() == JsonKind.TEXT ? value.text() : value.toString();
        }
        List<String> elements = new ArrayList<>();
        for (int i = 0; i < value.array().size(); i++) {
            elements.add(value(value.array().get(i)));
        }
        return elements.toString();
    }
}
