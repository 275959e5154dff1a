package vit.model.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import vit.kernels.verify.ChildProcess;

/** A JVM that cannot run the kernels at the machine's speed says so. Each command runs in a JVM of its own. */
@Timeout(120)
class MachineWarningTest {

    @TempDir
    private Path folder;

    private Path weights;
    private Path image;

    @BeforeEach
    void writeModelAndImage() throws IOException {
        weights = TinyModel.weights(folder);
        TinyModel.config(folder);
        image = TinyModel.image(folder.resolve("a.png"), 24, 16, 1);
    }

    private record Ended(int code, String out, List<String> err) {}

    private Ended vit(List<String> options, Object... arguments) throws IOException, InterruptedException {
        List<String> command = new ArrayList<>(List.of(ProcessHandle.current().info().command().orElseThrow(), "--add-modules=jdk.incubator.vector"));
        command.addAll(options);
        command.addAll(List.of("-cp", System.getProperty("java.class.path"), Vit.class.getName()));
        Stream.of(arguments).map(String::valueOf).forEach(command::add);
        Path err = folder.resolve("err.txt");
        ChildProcess.Ended ended = ChildProcess.run(new ProcessBuilder(command).redirectError(err.toFile()), Duration.ofMinutes(1));
        return new Ended(ended.code(), ended.output(), Files.readAllLines(err).stream().filter(line -> !line.contains("Using incubator modules")).toList());
    }

    @Test
    void classifyWarnsOnceAndGivesTheSameResult() throws Exception {
        Ended slow = vit(List.of("-XX:-UseFMA"), "classify", "--weights", weights, "--json", image);
        assertEquals(0, slow.code, slow::toString);
        assertEquals(1, slow.err.size(), slow::toString);
        assertTrue(slow.err.getFirst().startsWith("warning: ") && slow.err.getFirst().contains("fused multiply-add"), slow::toString);
        Ended fast = vit(List.of(), "classify", "--weights", weights, "--json", image);
        assertEquals(List.of(), fast.err);
        assertEquals(fast.out, slow.out);
    }

    @Test
    void doctorNamesTheReason() throws Exception {
        Ended doctor = vit(List.of("-XX:-UseFMA"), "doctor");
        assertEquals(0, doctor.code, doctor::toString);
        assertEquals(List.of(), doctor.err);
        assertTrue(doctor.out.lines().anyMatch(line -> line.startsWith("warning") && line.contains("fused multiply-add")), doctor::toString);
        assertTrue(doctor.out.lines().noneMatch(line -> line.endsWith("native")), doctor::toString);
    }

    @Test
    void requiredSpeedIsAFailure() throws Exception {
        for (List<Object> command : List.<List<Object>>of(List.of("classify", "--weights", weights, image), List.of("doctor"))) {
            Ended refused = vit(List.of("-XX:-UseFMA", "-Dvit.require=native"), command.toArray());
            assertEquals(2, refused.code, refused::toString);
            assertTrue(refused.err.stream().anyMatch(line -> line.startsWith("error: ") && line.contains("vit.require=native")), refused::toString);
        }
        assertEquals(0, vit(List.of("-Dvit.require=native"), "classify", "--weights", weights, image).code);
    }
}
