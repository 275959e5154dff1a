package vit.bench.load;

import java.io.BufferedReader;
import java.io.IOException;
import java.lang.management.ManagementFactory;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import vit.model.json.Json;

/** Runs one load in a JVM of its own, so that its memory is that of one engine. It has the flags of this JVM. */
final class ChildProcess {

    private final ModelChoice model;
    private final LoadSetting setting;

    ChildProcess(ModelChoice model, LoadSetting setting) {
        this.model = model;
        this.setting = setting;
    }

    /**
     * The result of {@code vit-load} with this setting and more arguments.
     *
     * @throws IOException if the child does not end well; it has said why on the standard error stream
     */
    LoadResult run(Engine engine, String... more) throws IOException, InterruptedException {
        List<String> command = new ArrayList<>();
        command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
        command.addAll(ManagementFactory.getRuntimeMXBean().getInputArguments());
        command.addAll(List.of("-cp", System.getProperty("java.class.path"), VitLoad.class.getName(), "--json", "--engine", engine.toString()));
        command.addAll(List.of(model.arguments()));
        command.addAll(arguments());
        command.addAll(List.of(more));
        ProcessBuilder builder = new ProcessBuilder(command).redirectError(ProcessBuilder.Redirect.INHERIT);
        builder.environment().put("ORT_DISABLE_TELEMETRY", "1"); // as the launcher sets it, which says why
        Process child = builder.start();
        try (BufferedReader lines = child.inputReader(StandardCharsets.UTF_8)) {
            String line = lines.readLine();
            int exit = child.waitFor();
            if (exit != 0 || line == null) {
                throw new IOException(engine + " in a process of its own ended with exit code " + exit);
            }
            return LoadResult.of(Json.parse(engine.toString(), line.getBytes(StandardCharsets.UTF_8)));
        } finally {
            child.destroy();
        }
    }

    private List<String> arguments() {
        return List.of("--sessions", String.valueOf(setting.sessions()), "--threads", String.valueOf(setting.threads()),
                "--deadline", String.valueOf(setting.deadlineMillis()), "--queue", String.valueOf(setting.queueLength()),
                "--batch-limit", String.valueOf(setting.batchLimit()), "--arrivals", setting.arrivals().name().toLowerCase(Locale.ROOT),
                "--seed", String.valueOf(setting.seed()), "--seconds", String.valueOf(setting.seconds()),
                "--warm-up-seconds", String.valueOf(setting.warmUpSeconds()));
    }
}
