package vit.model.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What commands print and write has the same bytes in every locale. Each locale is given to a JVM of its own. */
class LocaleTest {

    /**
     * The locales to try. Turkish has another lower case of I; the others have other digits, separators or calendars. Libraries must not
     * depend on the locale either.
     */
    private static final List<List<String>> LOCALES = List.of(List.of("-Duser.language=en", "-Duser.country=US"),
            List.of("-Duser.language=tr", "-Duser.country=TR"), List.of("-Duser.language=ar", "-Duser.country=EG"),
            List.of("-Duser.language=th", "-Duser.country=TH", "-Duser.variant=TH"));

    @TempDir
    private Path folder;

    /** The program that runs in a JVM with the locale: commands in the folder that its argument names. Their output goes to files in that folder. */
    static final class Commands {

        private Commands() {}

        public static void main(String[] arguments) throws IOException {
            Path folder = Path.of(arguments[0]);
            Path weights = folder.resolve("tiny.safetensors");
            Path image = folder.resolve("a.png");
            Object[][] commands = {
                {"classify", "--weights", weights, image, folder.resolve("none.png")},
                {"classify", "--weights", weights, "--json", image},
                {"logits", "--weights", weights, "--output", folder.resolve("l.safetensors"), image},
                {"preprocess", "--config", folder.resolve("config.json"), "--output", folder.resolve("p.safetensors"), image},
                {"export", "--weights", weights, "--output", folder.resolve("m.onnx")},
                {"inspect", weights},
                {"visualise", "--weights", weights, "--output", folder.resolve("pictures"), image},
                {"draw", "--output", folder.resolve("drawn"), "--images", 36, "--side", 16},
                {"train", "--data", folder.resolve("drawn"), "--output", folder.resolve("trained"), "--epochs", 1, "--threads", 1, "--config",
                    folder.resolve("train.json"), "--batch", 12},
                {"bench", "--seconds", -1.5}, {"bench", "--batch", 1234567}, {"train", "--lr", -1234.5, "--data",
                    folder, "--output", folder.resolve("o")}};
            for (int i = 0; i < commands.length; i++) {
                StringWriter out = new StringWriter();
                String[] command = Stream.of(commands[i]).map(String::valueOf).toArray(String[]::new);
                int code = Vit.run(new PrintWriter(out), new PrintWriter(out), command);
                Files.writeString(folder.resolve("out-" + i + ".txt"), String.join(" ", command) + "\n" + code + "\n" + out);
            }
        }
    }

    /** Runs the commands in a JVM with this locale. Returns the bytes of every file, by its path. */
    private Map<String, String> run(List<String> locale) throws IOException, InterruptedException {
        Path work = Files.createDirectory(folder.resolve("work")); // always the same name, because commands print it
        TinyModel.weights(work);
        TinyModel.config(work);
        Files.writeString(work.resolve("train.json"),
                "{\"family\":\"timm\",\"image\":[16,16],\"patch\":8,\"width\":24,\"depth\":1,\"heads\":3,\"mlp\":40,\"classes\":12}");
        TinyModel.image(work.resolve("a.png"), 40, 30, 1);
        List<String> command = new ArrayList<>(List.of(Path.of(System.getProperty("java.home"), "bin", "java").toString(), "--add-modules",
                "jdk.incubator.vector", "-XX:TieredStopAtLevel=1", "-Djava.awt.headless=true"));
        command.addAll(locale);
        command.addAll(List.of("-cp", System.getProperty("java.class.path"), Commands.class.getName(), work.toString()));
        Path log = folder.resolve("log");
        Process process = new ProcessBuilder(command).redirectErrorStream(true).redirectOutput(log.toFile()).start();
        assertTrue(process.waitFor(240, TimeUnit.SECONDS), "the commands hang");
        assertEquals(0, process.exitValue(), () -> locale + ": " + read(log));
        Map<String, String> files = new TreeMap<>();
        try (Stream<Path> all = Files.walk(work)) {
            for (Path file : all.filter(Files::isRegularFile).toList()) {
                String name = work.relativize(file).toString();
                files.put(name, name.endsWith(".txt") || name.endsWith(".csv") ? withoutTimes(Files.readString(file)) : HexFormat.of().formatHex(Files.readAllBytes(file)));
            }
        }
        Files.move(work, folder.resolve("done " + locale));
        return files;
    }

    private static String read(Path file) {
        try {
            return Files.readString(file);
        } catch (IOException e) {
            throw new java.io.UncheckedIOException(e);
        }
    }

    /**
     * Replaces a number of ASCII digits at the end of a line by a hash sign. Images per second differ from run to run, but their digits must
     * be ASCII.
     */
    private static String withoutTimes(String text) {
        return text.replaceAll("(?m)[0-9]+(\\.[0-9]+)?(E[0-9]+)?$", "#").replaceAll(" +#", " #");
    }

    @Test
    void everyCommandWritesTheSameBytesInEveryLocale() throws Exception {
        Map<String, String> expected = run(LOCALES.getFirst());
        assertTrue(expected.size() > 40 && expected.containsKey("trained/loss.png") && expected.containsKey("pictures/distance.png"),
                () -> expected.keySet() + expected.get("out-8.txt"));
        for (List<String> locale : LOCALES.subList(1, LOCALES.size())) {
            Map<String, String> written = run(locale);
            assertEquals(expected.keySet(), written.keySet(), locale::toString);
            expected.forEach((name, bytes) -> {
                if (!name.endsWith("state.safetensors")) { // holds the times of the epochs
                    assertTrue(bytes.equals(written.get(name)), () -> locale + " " + name + (name.endsWith(".txt") ? ": " + written.get(name) : ""));
                }
            });
        }
    }
}
