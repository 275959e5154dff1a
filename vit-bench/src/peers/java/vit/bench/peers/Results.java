package vit.bench.peers;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
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
            "train", "Training step");

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
                new Results(folder, name, "", machine).describe(comparisons(document), document.array("commands").texts());
                names.add(name);
            }
        }
        return names;
    }

    private static List<Comparison> comparisons(JsonObject document) throws InputException {
        List<Comparison> comparisons = new ArrayList<>();
        JsonArray lines = document.array("comparisons");
        for (int i = 0; i < lines.size(); i++) {
            comparisons.add(Comparison.of(lines.get(i).object(), document.text("date")));
        }
        return comparisons;
    }

    /** Writes the table and the pictures. */
    private void describe(List<Comparison> comparisons, List<String> commands) throws IOException {
        AtomicFile.write(folder.resolve(name + ".md"), markdown(comparisons, commands).getBytes(StandardCharsets.UTF_8));
        String title = TITLES.getOrDefault(name, name);
        AtomicFile.write(folder.resolve(name + ".png"), SpeedPicture.png(comparisons, title + ": speed", subtitle(comparisons)));
        AtomicFile.write(folder.resolve(name + "-ratios.png"), RatioPicture.png(comparisons, title + ": time against the peers", subtitle(comparisons)));
    }

    /**
     * Writes all files, and merges them with existing results of the same machine, JDK and flags, of any day.
     *
     * @return what was dropped and why, in a sentence, if there were results of another machine, JDK or flags
     */
    Optional<String> write(List<Comparison> found) throws IOException {
        List<String> commands = new ArrayList<>();
        List<Comparison> comparisons = new ArrayList<>();
        Optional<String> dropped = read(found, commands, comparisons);
        comparisons.addAll(found);
        if (!commands.contains(command)) {
            commands.add(command);
        }
        List<Object> lines = new ArrayList<>();
        comparisons.forEach(comparison -> lines.add(comparison.toJson()));
        write(folder, name, commands, "comparisons", lines);
        describe(comparisons, commands);
        return dropped;
    }

    /** Reads the results of earlier runs, except those that have now been measured again. Returns what {@link #write} does. */
    private Optional<String> read(List<Comparison> found, List<String> commands, List<Comparison> comparisons) throws IOException {
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
        for (Comparison old : comparisons(document)) {
            if (found.stream().noneMatch(old::isSame)) {
                comparisons.add(old);
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

    private String subtitle(List<Comparison> comparisons) {
        return machine.get("cpu") + ", JDK " + machine.get("jdk") + ", " + machine.get("vector_bits") + "-bit vectors, " + days(comparisons);
    }

    /** The day of all comparisons, or the first and the last. */
    private static String days(List<Comparison> comparisons) {
        List<String> days = comparisons.stream().map(Comparison::date).sorted().distinct().toList();
        return days.size() == 1 ? days.getFirst() : days.getFirst() + " to " + days.getLast();
    }

    private String markdown(List<Comparison> comparisons, List<String> commands) {
        StringBuilder text = new StringBuilder("# " + name + "\n\n");
        text.append("Medians of times; the ratio is peer / ours of times that were taken one after the other (median, quartiles): above 1"
                + " is faster than the peer. Share: what ours reaches of the FMA limit with the arithmetic that it does; first of the best limit of"
                + " the run, with the core's highest clock (its time is the limit's), then of the limit measured just before each of our calls"
                + " (median, quartiles).\n");
        boolean full = comparisons.stream().anyMatch(c -> c.full() != null);
        boolean dated = comparisons.stream().map(Comparison::date).distinct().count() > 1;
        if (full) {
            text.append("\nOurs computes in the last block only the tokens that the head looks at, with the same bits; the two columns after the pairs are"
                    + " ours with every token, the arithmetic of the peers.");
            text.append(comparisons.stream().allMatch(c -> c.full() != null) ? "\n" : " They are empty where the pooling uses every token.\n");
        }
        text.append("\n| work | model | batch | threads | peer | ours, ms | peer, ms | ratio | quartiles | FMA limit, ms | share | share, paired | pairs |")
                .append(full ? " every token, ms | ratio |" : "").append(dated ? " date |" : "").append("\n|---|---|---|---|---|---|---|---|---|---|---|---|---|")
                .append(full ? "---|---|" : "").append(dated ? "---|" : "").append('\n');
        for (Comparison c : comparisons) {
            text.append(String.format(Locale.ROOT, "| %s | %s | %d | %d | %s | %.2f | %.2f | **%.2f** | %.2f … %.2f | %.2f | %.2f | %.2f, %.2f … %.2f | %d |",
                    c.step().isEmpty() ? c.work() : c.step(), c.model(), c.batch(), c.threads(), c.peer(), c.oursMillis(), c.peerMillis(),
                    c.ratio().median(), c.ratio().q1(), c.ratio().q3(), c.limitMillis(), c.share(), c.pairedShare().median(), c.pairedShare().q1(),
                    c.pairedShare().q3(), c.rounds()));
            if (full && c.full() == null) {
                text.append(" | |");
            } else if (full) {
                text.append(String.format(Locale.ROOT, " %.2f | **%.2f** |", c.full().millis(), c.full().ratio().median()));
            }
            text.append(dated ? " " + c.date() + " |\n" : "\n");
        }
        text.append("\n![GFLOP/s](" + name + ".png)\n\n![time of the peers against ours](" + name + "-ratios.png)\n\n");
        commands.forEach(line -> text.append("    ").append(line).append('\n'));
        text.append('\n');
        machine.forEach((key, value) -> text.append("- ").append(key.replace('_', ' ')).append(": ")
                .append(key.equals("date") ? days(comparisons) : value).append('\n'));
        return text.toString();
    }
}
