package vit.model.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;
import static vit.model.cli.Ran.vit;

import java.io.File;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import javax.tools.ToolProvider;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import vit.kernels.simd.Simd;
import vit.kernels.verify.ChildProcess;
import vit.model.json.Json;
import vit.model.json.JsonObject;

/** {@code vit verify}: what it prints, and its exit code for a right and for a faulty build. */
@Timeout(600)
class VerifyTest {

    @Test
    void aRightBuildVerifiesAndTheTableNamesEveryWidth() {
        Ran ran = vit("verify", "--kernel", "softmax", "--seconds", 1, "--threads", 2).isDone();
        assertEquals("", ran.err());
        List<String> lines = ran.lines();
        assertTrue(lines.getFirst().startsWith("kernel") && lines.getFirst().contains("128 bits") && lines.getFirst().contains("worst error"), ran::toString);
        assertTrue(lines.get(1).startsWith("softmax ") && lines.get(1).contains(" same ") && lines.get(1).contains(" of bound"), ran::toString);
        assertTrue(lines.get(2).startsWith("softmax backward "), ran::toString);
        for (String execution : List.of("interpreter", "C1", "C2", "this JVM")) {
            assertTrue(ran.out().contains("bits, " + execution), ran::toString);
        }
        assertTrue(lines.getLast().startsWith("right: 2 of 2 kernels"), ran::toString);
    }

    @Test
    void jsonIsOneObjectWithEveryKernelAndRun() throws Exception {
        Ran ran = vit("verify", "--kernel", "gemm bias gelu erf", "--kernel", "adamw", "--seconds", 0, "--seed", 5, "--threads", 1, "--json").isDone();
        assertEquals(1, ran.lines().size());
        JsonObject result = Json.parse("standard output", ran.out().getBytes(StandardCharsets.UTF_8));
        assertEquals(List.of("right", "jdk", "architecture", "threads", "seed", "seconds", "cases", "runs", "kernels"), List.copyOf(result.names()));
        assertEquals(5, result.integer("seed"));
        assertTrue(ran.out().contains("\"kernel\":\"gemm bias gelu erf\"") && ran.out().contains("\"kernel\":\"adamw\""), ran::toString);
        assertTrue(ran.out().contains("\"execution\":\"interpreter\""), ran::toString);
    }

    @Test
    void anUnknownKernelIsRefusedWithThoseThereAre() {
        Ran ran = vit("verify", "--kernel", "layer norm").isRefused("no kernel 'layer norm'");
        assertTrue(ran.err().contains("layernorm backward") && ran.err().contains("gemm"), ran::toString);
        vit("verify", "--seconds", -1).isRefused("--seconds", "found -1");
        vit("verify", "--seconds", "NaN").isRefused("--seconds");
        vit("verify", "--seed", "x").isRefused("--seed");
    }

    /** The last lane of LayerNorm is left out in a copy of its source, which stands in front of the class path. */
    @Test
    void aFaultyBuildEndsWithExitCodeOneAndNamesTheKernel(@TempDir Path folder) throws Exception {
        ChildProcess.Ended ended = verify(folder, "layernorm/LayerNormSimd.java", "i < n; i\\+\\+", "i < n - 1; i++",
                "--kernel", "layernorm", "--kernel", "rmsnorm");
        assertEquals(1, ended.code(), ended.output());
        List<String> wrong = ended.output().lines().filter(line -> line.startsWith("wrong: ")).toList();
        assertTrue(!wrong.isEmpty() && wrong.stream().allMatch(line -> line.startsWith("wrong: layernorm")), ended.output());
        for (String execution : List.of("interpreter", "C1", "C2", "this JVM", "128 bits")) {
            assertTrue(wrong.stream().anyMatch(line -> line.contains(execution)), execution + " did not find it: " + ended.output());
        }
        assertTrue(ended.output().contains("again: vit verify --seed 1 --threads 2 --kernel 'layernorm'"), ended.output());
        assertTrue(ended.output().lines().anyMatch(line -> line.startsWith("rmsnorm ") && line.contains("same")), ended.output());
    }

    /** Verifies a build in which the first match of {@code right} in a copy of a kernel's source is {@code wrong}. */
    private static ChildProcess.Ended verify(Path folder, String source, String right, String wrong, String... kernels) throws Exception {
        Path original = Path.of("../vit-kernels/src/main/java/vit/kernels").resolve(source);
        Path copy = folder.resolve(original.getFileName());
        Files.writeString(copy, Files.readString(original).replaceFirst(right, wrong));
        Path classes = Files.createDirectories(folder.resolve("classes"));
        assertEquals(0, ToolProvider.getSystemJavaCompiler().run(null, null, null, "--add-modules", "jdk.incubator.vector", "-proc:none", "-nowarn",
                "-cp", System.getProperty("java.class.path"), "-d", classes.toString(), copy.toString()));
        List<String> command = new ArrayList<>(List.of(ProcessHandle.current().info().command().orElseThrow(), "--add-modules=jdk.incubator.vector",
                "-cp", classes + File.pathSeparator + System.getProperty("java.class.path"), Vit.class.getName(),
                "verify", "--seconds", "1", "--threads", "2"));
        command.addAll(List.of(kernels));
        return ChildProcess.run(new ProcessBuilder(command).redirectErrorStream(true), Duration.ofMinutes(8));
    }

    /** At one width, where the JVM that ends is not the one that reports. What had no turn is not called right. */
    @Test
    void aKernelThatEndsItsJvmIsNamedAndThoseAfterItAreNotRight(@TempDir Path folder) throws Exception {
        assumeTrue(Simd.BITS > 128 && Simd.isNative(), "there must be a narrower width");
        ChildProcess.Ended ended = verify(folder, "relu/ReluSimd.java", "(?m)^( +for \\(; i <= n - LANES)", "if (LANES == 4) { Runtime.getRuntime().halt(7); }\n$1",
                "--kernel", "relu");
        assertEquals(1, ended.code(), ended.output());
        assertTrue(ended.output().contains("wrong: relu, 128 bits, C1: the JVM ended with exit code 7"), ended.output());
        assertTrue(ended.output().contains("wrong: relu backward, 128 bits, C1: not examined"), ended.output());
        assertTrue(ended.output().lines().anyMatch(line -> line.startsWith("relu ") && line.contains("NONE") && line.contains("same")), ended.output());
    }
}
