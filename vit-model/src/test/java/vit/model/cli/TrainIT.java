package vit.model.cli;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.condition.DisabledOnOs;
import org.junit.jupiter.api.condition.OS;
import org.junit.jupiter.api.io.TempDir;
import vit.model.VitModel;

/** Training as a process that is killed or interrupted, compared with training that runs undisturbed. */
@Timeout(300)
@DisabledOnOs(value = OS.WINDOWS, disabledReason = "the launcher is a shell script")
class TrainIT {

    private static final Path LAUNCHER = Path.of("target", "vit", "bin", "vit").toAbsolutePath();

    @TempDir
    private Path folder;

    private Path data;

    @BeforeEach
    void drawImages() throws IOException {
        data = TrainTest.stripes(folder.resolve("data"), 60);
    }

    private Process start(Path output, String... more) throws IOException {
        List<String> command = new ArrayList<>(List.of(LAUNCHER.toString(), "train", "--data", data.toString(), "--output", output.toString(), "--recipe",
                "small", "--epochs", "12", "--batch", "5", "--threads", "1", "--validation", "0.2"));
        command.addAll(List.of(more));
        ProcessBuilder builder = new ProcessBuilder(command).redirectErrorStream(true).redirectOutput(folder.resolve("out.txt").toFile());
        builder.environment().put("JAVA25_HOME", System.getProperty("java.home"));
        return builder.start();
    }

    private int end(Process process) throws Exception {
        assertTrue(process.waitFor(120, TimeUnit.SECONDS), "training hangs");
        return process.exitValue();
    }

    private List<String> printed() throws IOException {
        return Files.readAllLines(folder.resolve("out.txt"));
    }

    /** Waits until the process has printed so many epochs. */
    private void awaitEpochs(Process process, int epochs) throws Exception {
        long end = System.nanoTime() + TimeUnit.SECONDS.toNanos(120);
        while (process.isAlive() && printed().stream().filter(line -> line.matches(" {3,4}\\d+   .*")).count() < epochs) {
            assertTrue(System.nanoTime() < end, "training hangs");
            Thread.sleep(5);
        }
    }

    @Test
    void afterKillsAtRandomPointsResumeLeavesTheSameFiles() throws Exception {
        Path whole = folder.resolve("whole");
        assertEquals(0, end(start(whole)), () -> "see " + folder);
        Path broken = folder.resolve("broken");
        long seed = System.nanoTime();
        System.out.println("seed " + seed);
        Random random = new Random(seed);
        int kills = 0;
        for (int epochs = 0; epochs < 12; epochs += 4) {
            Process process = start(broken, "--resume");
            awaitEpochs(process, epochs + random.nextInt(4));
            Thread.sleep(random.nextInt(40));
            if (process.isAlive()) {
                process.destroyForcibly();
                kills++;
            }
            end(process);
        }
        assertEquals(0, end(start(broken, "--resume")), () -> "seed " + seed);
        assertTrue(kills >= 2, "only " + kills + " kills");
        TrainTest.assertSameFiles(whole, broken);
        try (Stream<Path> files = Files.list(broken)) {
            System.out.println(kills + " kills; files: " + files.map(file -> file.getFileName().toString()).sorted().toList());
        }
    }

    @Test
    void interruptSavesAndStops() throws Exception {
        Path whole = folder.resolve("whole");
        assertEquals(0, end(start(whole)));
        Path stopped = folder.resolve("stopped");
        Process process = start(stopped);
        awaitEpochs(process, 2);
        // A build in the background ignores SIGINT, and so do the processes that it starts.
        boolean terminate = ignoresInterrupts();
        new ProcessBuilder("kill", terminate ? "-TERM" : "-INT", String.valueOf(process.pid())).start().waitFor();
        assertEquals(terminate ? 143 : 130, end(process), () -> "128 + signal");
        List<String> lines = printed();
        assertTrue(lines.getLast().matches("stopped after epoch \\d+ of 12; --resume goes on"), lines::toString);
        VitModel.load(stopped.resolve("last.safetensors")).close();
        assertEquals(0, end(start(stopped, "--resume")));
        assertTrue(printed().stream().anyMatch(line -> line.startsWith("resumed after epoch ")));
        assertArrayEquals(Files.readAllBytes(whole.resolve("state.safetensors")), Files.readAllBytes(stopped.resolve("state.safetensors")));
        TrainTest.assertSameFiles(whole, stopped);
    }

    private static boolean ignoresInterrupts() throws IOException {
        Path status = Path.of("/proc/self/status");
        if (!Files.exists(status)) {
            return false;
        }
        long ignored = Files.readAllLines(status).stream().filter(line -> line.startsWith("SigIgn:"))
                .mapToLong(line -> Long.parseUnsignedLong(line.substring("SigIgn:".length()).strip(), 16)).findFirst().orElse(0);
        return (ignored & 1 << 2 - 1) != 0;
    }
}
