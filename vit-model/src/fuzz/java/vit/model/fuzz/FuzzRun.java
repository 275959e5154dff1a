package vit.model.fuzz;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotNull;

import java.io.File;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * Runs Jazzer's driver on every {@link FuzzTarget}, one after another, each in a JVM of its own. {@code fuzz.seconds} says how long each
 * target runs. {@code fuzz.target} names a single target; if it is empty, all run. The inputs that reached new code stay in {@code
 * target/fuzz}, where the next run starts from them.
 */
class FuzzRun {

    /** The code whose branches guide the fuzzer. The JDK's own image readers are part of it. */
    private static final String GUIDES = "vit.model.**:com.fasterxml.jackson.core.**:com.twelvemonkeys.**:com.sun.imageio.**";

    /** What libFuzzer prints when it has read its seeds, and at the end. */
    private static final Pattern START = Pattern.compile("INITED\\s+cov: (\\d+)");
    private static final Pattern END = Pattern.compile("DONE\\s+cov: (\\d+)");
    private static final Pattern INPUTS = Pattern.compile("stat::number_of_executed_units:\\s*(\\d+)");
    private static final Pattern RATE = Pattern.compile("stat::average_exec_per_sec:\\s*(\\d+)");

    private static final Path RESOURCES = Path.of("src/fuzz/resources/vit/model/fuzz").toAbsolutePath();

    static List<FuzzTarget> targets() {
        String only = System.getProperty("fuzz.target", "");
        return only.isEmpty() ? List.of(FuzzTarget.values()) : List.of(FuzzTarget.valueOf(only.toUpperCase(Locale.ROOT)));
    }

    @ParameterizedTest
    @MethodSource("targets")
    void fuzz(FuzzTarget target) throws IOException, InterruptedException {
        Path folder = Path.of("target/fuzz", target.folder()).toAbsolutePath();
        Path findings = Files.createDirectories(folder.resolve("findings"));
        Files.createDirectories(folder.resolve("corpus"));
        writeSeeds(target, Files.createDirectories(folder.resolve("seeds")));
        Path log = folder.resolve("log.txt");
        Process process = new ProcessBuilder(command(target)).directory(folder.toFile()).redirectErrorStream(true).redirectOutput(log.toFile()).start();
        int exit;
        try {
            exit = process.waitFor();
        } finally {
            process.destroy();
        }
        String text = Files.readString(log, StandardCharsets.ISO_8859_1);
        List<Path> found = list(findings);
        System.out.printf("%s: %s inputs, %s a second, coverage %s → %s, %d findings%n", target.folder(), last(INPUTS, text), last(RATE, text), last(START, text), last(END, text),
                found.size());
        assertEquals(List.of(), found, "findings; mend the reader and keep the files under " + RESOURCES.resolve(target.folder()));
        assertEquals(0, exit, log::toString);
        assertNotNull(last(END, text), log::toString);
    }

    private static void writeSeeds(FuzzTarget target, Path folder) throws IOException {
        int number = 0;
        for (byte[] seed : target.seeds()) {
            Files.write(folder.resolve("seed-" + number++), seed);
        }
    }

    private static List<String> command(FuzzTarget target) throws IOException {
        List<String> command = new ArrayList<>(List.of(ProcessHandle.current().info().command().orElseThrow(), "--add-modules=jdk.incubator.vector",
                "--enable-native-access=ALL-UNNAMED", "-XX:+EnableDynamicAgentLoading", "-XX:+UseSerialGC", "-Xmx1g", "-cp", classPath(),
                "com.code_intelligence.jazzer.Jazzer", "--target_class=" + FuzzDriver.class.getName(), "--target_args=" + target,
                "--instrumentation_includes=" + GUIDES, "--keep_going=20", "-max_total_time=" + System.getProperty("fuzz.seconds", "30"),
                "-max_len=8192", "-timeout=20", "-rss_limit_mb=3000", "-print_final_stats=1", "-artifact_prefix=findings/", "corpus", "seeds"));
        Path kept = RESOURCES.resolve(target.folder());
        if (Files.isDirectory(kept)) {
            command.add(kept.toString());
        }
        return command;
    }

    /** An absolute path, because the JVM runs in another folder. */
    private static String classPath() {
        return Stream.of(System.getProperty("java.class.path").split(File.pathSeparator)).map(entry -> Path.of(entry).toAbsolutePath().toString())
                .reduce((a, b) -> a + File.pathSeparator + b).orElseThrow();
    }

    private static List<Path> list(Path folder) throws IOException {
        try (Stream<Path> files = Files.list(folder)) {
            return files.sorted().toList();
        }
    }

    private static String last(Pattern pattern, String text) {
        String value = null;
        for (Matcher matcher = pattern.matcher(text); matcher.find(); ) {
            value = matcher.group(1);
        }
        return value;
    }
}
