package vit.model.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Random;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/**
 * Training is killed by {@code kill -9} at many random moments. After each of them, {@code --resume} leads to the bytes of a run that was
 * never killed.
 */
@Tag("heavy")
@Timeout(3600)
class TrainKillTest {

    private static final int KILLS = Integer.getInteger("vit.test.kills", 200);
    private static final int EPOCHS = 30;

    @TempDir
    private Path folder;

    private Process start(Path output) throws IOException {
        List<String> command = new ArrayList<>(List.of(ProcessHandle.current().info().command().orElseThrow(), "--add-modules", "jdk.incubator.vector",
                "-XX:+UseSerialGC", "-Djava.awt.headless=true", "-cp", System.getProperty("java.class.path"), Vit.class.getName(), "train",
                "--data", folder.resolve("data").toString(), "--output", output.toString(), "--recipe", "small", "--epochs", String.valueOf(EPOCHS), "--batch", "10",
                "--threads", "1", "--validation", "0.2", "--resume"));
        return new ProcessBuilder(command).redirectErrorStream(true).redirectOutput(printed().toFile()).start();
    }

    private Path printed() {
        return folder.resolve("out.txt");
    }

    private long epochs() throws IOException {
        return Files.readAllLines(printed()).stream().filter(line -> line.matches(" {3,4}\\d+   .*")).count();
    }

    private void requireDone(Process process, long seed) throws Exception {
        assertTrue(process.waitFor(300, TimeUnit.SECONDS), "training hangs, seed " + seed);
        assertEquals(0, process.exitValue(), () -> "seed " + seed + ": " + lines());
    }

    private String lines() {
        try {
            return Files.readString(printed());
        } catch (IOException e) {
            return e.toString();
        }
    }

    @Test
    void afterEveryKillResumeLeavesTheBytesOfARunThatIsLeftAlone() throws Exception {
        TrainTest.stripes(folder.resolve("data"), 60);
        Path whole = folder.resolve("whole");
        long seed = System.nanoTime();
        System.out.println("seed " + seed);
        requireDone(start(whole), seed);
        Random random = new Random(seed);
        Path broken = folder.resolve("broken");
        int kills = 0;
        int ends = 0;
        while (kills < KILLS) {
            Process process = start(broken);
            long end = System.nanoTime() + TimeUnit.SECONDS.toNanos(300);
            long first = -1;
            int more = random.nextInt(3);
            while (process.isAlive() && (first < 0 || epochs() < first + more)) {
                if (first < 0 && lines().contains("epoch   loss")) {
                    first = epochs();
                }
                assertTrue(System.nanoTime() < end, "training hangs, seed " + seed);
                Thread.sleep(1);
            }
            TimeUnit.MICROSECONDS.sleep(random.nextInt(30_000));
            if (process.isAlive()) {
                process.destroyForcibly();
                assertTrue(process.waitFor(60, TimeUnit.SECONDS), "a killed process lives on");
                kills++;
            } else {
                requireDone(process, seed);
                requireSame(whole, broken);
                ends++;
            }
        }
        requireDone(start(broken), seed);
        requireSame(whole, broken);
        System.out.println(kills + " kills, " + (ends + 1) + " trainings that ended with the same bytes, seed " + seed);
    }

    private static void requireSame(Path whole, Path broken) throws IOException {
        TrainTest.assertSameFiles(whole, broken);
        List<Path> files;
        try (Stream<Path> listed = Files.list(broken)) {
            files = listed.sorted(Comparator.naturalOrder()).toList();
        }
        assertTrue(files.stream().noneMatch(file -> file.getFileName().toString().startsWith(".")), () -> "left over: " + files);
        for (Path file : files) {
            Files.delete(file);
        }
        Files.delete(broken);
    }
}
