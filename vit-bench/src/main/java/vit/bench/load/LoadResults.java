package vit.bench.load;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
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

/** Writes suites as files: {@code load.json}, {@code load.md} and {@code load.png}, with the machine and the commands. */
final class LoadResults {

    private static final String NAME = "load";

    private LoadResults() {}

    /**
     * Writes all files. Suites of other models that are there already stay, if they are of the same machine, JDK, flags and vector width.
     *
     * @return what was dropped and why, in a sentence, if there were results of others
     */
    static Optional<String> write(Path folder, SuiteResult found) throws IOException {
        Map<String, Object> machine = Machine.describe();
        List<SuiteResult> suites = new ArrayList<>();
        Optional<String> dropped = read(folder.resolve(NAME + ".json"), machine, found, suites);
        suites.add(found);
        Map<String, Object> document = Machine.describe();
        document.put("suites", suites.stream().map(SuiteResult::toJson).toList());
        Files.createDirectories(folder);
        AtomicFile.write(folder.resolve(NAME + ".json"), (Json.write(document) + "\n").getBytes(StandardCharsets.UTF_8));
        AtomicFile.write(folder.resolve(NAME + ".md"), new LoadTable(machine).markdown(suites, NAME + ".png").getBytes(StandardCharsets.UTF_8));
        AtomicFile.write(folder.resolve(NAME + ".png"), LoadPicture.png(suites,
                machine.get("cpu") + ", JDK " + machine.get("jdk") + ", " + machine.get("vector_bits") + "-bit vectors"));
        return dropped;
    }

    private static Optional<String> read(Path file, Map<String, Object> machine, SuiteResult found, List<SuiteResult> suites) throws IOException {
        if (!Files.isRegularFile(file)) {
            return Optional.empty();
        }
        JsonObject document = Json.parse(file.toString(), Files.readAllBytes(file));
        JsonArray stored = document.array("suites");
        for (String fact : List.of("cpu", "processors", "jdk", "jvm_flags", "vector_bits")) {
            String old = fact(document, fact);
            if (!old.equals(String.valueOf(machine.get(fact)))) {
                return Optional.of(file + ": " + stored.size() + " suites dropped, because their " + fact.replace('_', ' ') + " was \"" + old
                        + "\" and is now \"" + machine.get(fact) + "\"");
            }
        }
        for (int i = 0; i < stored.size(); i++) {
            SuiteResult old = SuiteResult.of(stored.get(i).object());
            if (!old.model().equals(found.model())) {
                suites.add(old);
            }
        }
        return Optional.empty();
    }

    private static String fact(JsonObject document, String name) throws InputException {
        return document.kind(name) == JsonKind.NUMBER ? String.valueOf(document.longInteger(name)) : document.text(name, "unknown");
    }
}
