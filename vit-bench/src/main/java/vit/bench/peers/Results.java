package vit.bench.peers;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import vit.bench.Machine;
import vit.model.InputException;
import vit.model.json.Json;
import vit.model.json.JsonArray;
import vit.model.json.JsonKind;
import vit.model.json.JsonObject;
import vit.model.weights.format.AtomicFile;

/**
 * Writes comparisons as files: {@code NAME.json}, {@code NAME.md}, {@code NAME.png} (speeds) and {@code NAME-ratios.png}, each with the machine and
 * the command.
 */
final class Results {

    /** The kinds of work that have pictures, and their titles. */
    private static final Map<String, String> TITLES = Map.of("embed", "Embeddings", "forward", "Forward pass", "gemm", "Matrix products M×N×K of ViT-B/16's layers",
            "kernels", "Kernels at ViT-B/16's shapes", "merging", "Forward pass with merged tokens", "train", "Training step");

    private final Path folder;
    private final String name;
    private final Map<String, Object> machine;
    private final String command;

    Results(Path folder, String name, String command) {
        this(folder, name, command, Machine.describe());
    }

    private Results(Path folder, String name, String command, Map<String, Object> machine) {
        this.folder = folder;
        this.name = name;
        this.machine = machine;
        this.command = command;
    }

    /**
     * Makes tables and pictures again from the stored figures of any machine, without measuring.
     *
     * @return the names of the results that were found
     */
    static List<String> redraw(Path folder) throws IOException {
        List<String> names = new ArrayList<>();
        for (String name : TITLES.keySet().stream().sorted().toList()) {
            Path file = folder.resolve(name + ".json");
            if (Files.isRegularFile(file)) {
                JsonObject document = Json.parse(file.toString(), Files.readAllBytes(file));
                Map<String, Object> machine = new LinkedHashMap<>();
                for (String fact : Machine.describe().keySet()) {
                    machine.put(fact, document.kind(fact) == JsonKind.TEXT ? document.text(fact) : document.integer(fact));
                }
                new Results(folder, name, "", machine).describe(rows(document), document.array("commands").texts());
                names.add(name);
            }
        }
        return names;
    }

    private static List<Row> rows(JsonObject document) throws InputException {
        List<Row> rows = new ArrayList<>();
        JsonArray lines = document.array("comparisons");
        for (int i = 0; i < lines.size(); i++) {
            rows.add(Row.of(lines.get(i).object(), document.text("date")));
        }
        return rows;
    }

    /** Writes the table, and the pictures if there is anything to draw. */
    private void describe(List<Row> rows, List<String> commands) throws IOException {
        List<Comparison> comparisons = rows.stream().filter(Comparison.class::isInstance).map(Comparison.class::cast).toList();
        AtomicFile.write(folder.resolve(name + ".md"),
                ResultsTable.markdown(name, rows, commands, machine, !comparisons.isEmpty()).getBytes(StandardCharsets.UTF_8));
        if (!comparisons.isEmpty()) {
            String title = TITLES.getOrDefault(name, name);
            AtomicFile.write(folder.resolve(name + ".png"), SpeedPicture.png(comparisons, title + ": speed", subtitle(rows)));
            AtomicFile.write(folder.resolve(name + "-ratios.png"), RatioPicture.png(comparisons, title + ": time against the peers", subtitle(rows)));
        }
    }

    /**
     * Writes all files, and merges them with existing results of the same machine, JDK and flags, of any day.
     *
     * @return what was dropped and why, in a sentence, if there were results of another machine, JDK or flags
     */
    Optional<String> write(List<Row> found) throws IOException {
        List<String> commands = new ArrayList<>();
        List<Row> rows = new ArrayList<>();
        Optional<String> dropped = read(found, commands, rows);
        rows.addAll(found);
        if (!commands.contains(command)) {
            commands.add(command);
        }
        write(folder, name, commands, "comparisons", rows.stream().map(row -> (Object) row.toJson()).toList());
        describe(rows, commands);
        return dropped;
    }

    /** Reads the results of earlier runs, except those that have now been measured again. Returns what {@link #write} does. */
    private Optional<String> read(List<Row> found, List<String> commands, List<Row> rows) throws IOException {
        Path file = folder.resolve(name + ".json");
        if (!Files.isRegularFile(file)) {
            return Optional.empty();
        }
        JsonObject document = Json.parse(file.toString(), Files.readAllBytes(file));
        for (String fact : List.of("cpu", "jdk", "jvm_flags")) {
            String old = document.has(fact) ? document.text(fact) : "unknown";
            if (!old.equals(machine.get(fact))) {
                return Optional.of(file + ": " + document.array("comparisons").size() + " rows dropped, because their " + fact.replace('_', ' ')
                        + " was \"" + old + "\" and is now \"" + machine.get(fact) + "\"");
            }
        }
        commands.addAll(document.array("commands").texts());
        for (Row old : rows(document)) {
            if (found.stream().noneMatch(row -> row.replaces(old))) {
                rows.add(old);
            }
        }
        return Optional.empty();
    }

    /** Writes {@code NAME.json} alone: the machine, the commands and a list of objects. */
    static void write(Path folder, String name, List<String> commands, String key, List<Object> lines) throws IOException {
        Files.createDirectories(folder);
        Map<String, Object> document = Machine.describe();
        document.put("commands", commands);
        document.put(key, lines);
        AtomicFile.write(folder.resolve(name + ".json"), (Json.write(document) + "\n").getBytes(StandardCharsets.UTF_8));
    }

    private String subtitle(List<Row> rows) {
        return machine.get("cpu") + ", JDK " + machine.get("jdk") + ", " + machine.get("vector_bits") + "-bit vectors, " + ResultsTable.days(rows);
    }
}
