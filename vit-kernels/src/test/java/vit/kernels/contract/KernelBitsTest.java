package vit.kernels.contract;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import vit.kernels.verify.ChildProcess;
import vit.kernels.verify.catalogue.PublishedBits;

/**
 * Every kernel gives the same bits in every mode: in the interpreter, compiled by C1 and by C2, at 128, 256 and 512 bits, with 1 to 8 threads,
 * at the first call and at later calls. They are those that are published ({@link PublishedBits}). Each mode runs {@link KernelBitsProbe} in a JVM of its own. The log of that JVM's compiler shows that
 * the intended mode was the one used.
 */
class KernelBitsTest {

    private static final Pattern RESULT = Pattern.compile("kernel ([^:]+): ([0-9a-f]+|differs: .*)");
    private static final Pattern COMPILED =
            Pattern.compile("vit\\.kernels\\.(simd\\.ColumnSums(?=::)|\\w+(?=\\.\\w*(?:Simd|ColumnSum|MicroKernel\\w+)::))");

    /** Packages whose vector code must have been compiled. */
    private static final Set<String> OPERATIONS = new TreeSet<>(List.of("attention", "convolution", "dropout", "gelu", "gemm", "groupnorm", "headnorm", "layernorm", "linear",
            "loss", "maxpool", "optim", "patchembed", "pooling", "relu", "residual", "rmsnorm", "rotary", "simd", "simd.ColumnSums", "softmax", "standardization", "tokenmerge"));

    /** A method is compiled after a twentieth of the usual number of calls, and the caller waits for the compiler. */
    private static final List<String> EAGER = List.of("-XX:CompileThresholdScaling=0.05", "-Xbatch", "-XX:+PrintCompilation");

    /** How a JVM executes. */
    private enum Mode {
        INTERPRETER(1, List.of("-Xint")),
        C1(8, List.of("-XX:TieredStopAtLevel=1")),
        C2(18, List.of("-XX:-TieredCompilation"));

        private final int calls;
        private final List<String> options;

        Mode(int calls, List<String> options) {
            this.calls = calls;
            this.options = options;
        }
    }

    @Test
    @Timeout(900)
    void oneHashAKernelInInterpreterC1AndC2AtEveryWidthAndThreadCount(@TempDir Path folder) throws Exception {
        assumeTrue(Integer.getInteger("vit.test.bits") == null, "the run at the machine's own width covers all three");
        Map<String, Map<String, String>> hashes = new LinkedHashMap<>(); // of each kernel, by mode
        for (Mode mode : Mode.values()) {
            for (int bits : new int[] {128, 256, 512}) {
                long start = System.nanoTime();
                Map<String, String> results = probe(mode, bits, folder.resolve(mode + "-" + bits + ".log"));
                results.forEach((kernel, hash) ->
                        hashes.computeIfAbsent(kernel, k -> new LinkedHashMap<>()).put(mode + " at " + bits, hash));
                System.out.println("same bits, " + mode + " at " + bits + ": " + results.size() + " kernels, "
                        + (System.nanoTime() - start) / 1_000_000 + " ms");
            }
        }
        assertEquals(PublishedBits.read().keySet(), hashes.keySet(), "kernels probed, and those with published bits");
        hashes.forEach((kernel, byMode) -> {
            assertEquals(9, byMode.size(), kernel + " is missing somewhere: " + byMode);
            assertTrue(byMode.values().stream().noneMatch(hash -> hash.startsWith("differs")), kernel + ": " + byMode);
            assertEquals(Set.of(PublishedBits.read().get(kernel)), Set.copyOf(byMode.values()), kernel + ": " + byMode);
        });
    }

    private static Map<String, String> probe(Mode mode, int bits, Path log) throws IOException, InterruptedException {
        List<String> command = new ArrayList<>();
        command.add(ProcessHandle.current().info().command().orElseThrow());
        command.add("--add-modules=jdk.incubator.vector");
        command.add("-Dvit.simd.bits=" + bits);
        command.addAll(mode.options);
        command.addAll(mode == Mode.INTERPRETER ? List.of() : EAGER);
        command.addAll(List.of("-cp", System.getProperty("java.class.path"), KernelBitsProbe.class.getName(), "" + mode.calls));
        String output = ChildProcess.output(new ProcessBuilder(command).redirectOutput(log.toFile()));
        Set<String> compiled = Files.readAllLines(log, StandardCharsets.ISO_8859_1).stream()
                .flatMap(line -> COMPILED.matcher(line).results()).map(result -> result.group(1))
                .collect(Collectors.toCollection(TreeSet::new));
        assertEquals(mode == Mode.INTERPRETER ? Set.of() : OPERATIONS, compiled, mode + " at " + bits + ": packages compiled");
        Map<String, String> results = new LinkedHashMap<>();
        for (String line : output.lines().toList()) {
            Matcher result = RESULT.matcher(line);
            if (result.matches()) {
                results.put(result.group(1), result.group(2));
            }
        }
        return results;
    }
}
