package vit.bench.peers;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import vit.model.json.Json;
import vit.model.weights.AtomicFile;

/** Comparisons as files: {@code NAME.json}, {@code NAME.md} and {@code NAME.png}, each with the machine and the command. */
final class Results {

    private final Path folder;
    private final String name;
    private final Map<String, Object> machine = Machine.describe();
    private final String command;

    Results(Path folder, String name, String command) {
        this.folder = folder;
        this.name = name;
        this.command = command;
    }

    /** Writes all three files. */
    void write(List<Comparison> comparisons) throws IOException {
        List<Object> lines = new ArrayList<>();
        comparisons.forEach(comparison -> lines.add(comparison.toJson()));
        write(folder, name, command, "comparisons", lines);
        AtomicFile.write(folder.resolve(name + ".md"), markdown(comparisons).getBytes(StandardCharsets.UTF_8));
        AtomicFile.write(folder.resolve(name + ".png"), Picture.png(comparisons, subtitle()));
    }

    /** Writes {@code NAME.json} alone: the machine, the command and a list of objects. */
    static void write(Path folder, String name, String command, String key, List<Object> lines) throws IOException {
        Files.createDirectories(folder);
        Map<String, Object> document = Machine.describe();
        document.put("command", command);
        document.put(key, lines);
        AtomicFile.write(folder.resolve(name + ".json"), (Json.write(document) + "\n").getBytes(StandardCharsets.UTF_8));
    }

    private String subtitle() {
        return machine.get("cpu") + ", JDK " + machine.get("jdk") + ", " + machine.get("vector_bits") + "-bit vectors, " + machine.get("date");
    }

    private String markdown(List<Comparison> comparisons) {
        StringBuilder text = new StringBuilder("# " + name + "\n\n");
        text.append("Medians of times; the ratio is peer / ours of times that were taken one after the other (median, quartiles): above 1"
                + " is faster than the peer. Share: of the FMA limit measured in the same run.\n\n");
        text.append("| work | model | batch | threads | peer | ours, ms | peer, ms | ratio | quartiles | FMA limit, ms | our share | pairs |\n");
        text.append("|---|---|---|---|---|---|---|---|---|---|---|---|\n");
        for (Comparison c : comparisons) {
            text.append(String.format(Locale.ROOT, "| %s | %s | %d | %d | %s | %.2f | %.2f | **%.2f** | %.2f … %.2f | %.2f | %.2f | %d |%n",
                    c.work(), c.model(), c.batch(), c.threads(), c.peer(), c.oursMillis(), c.peerMillis(), c.ratio().median(),
                    c.ratio().q1(), c.ratio().q3(), c.limitMillis(), c.limitMillis() / c.oursMillis(), c.rounds()));
        }
        text.append("\n![GFLOP/s](" + name + ".png)\n\n");
        text.append("    ").append(command).append("\n\n");
        machine.forEach((key, value) -> text.append("- ").append(key.replace('_', ' ')).append(": ").append(value).append('\n'));
        return text.toString();
    }
}
