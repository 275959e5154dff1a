package vit.kernels.verify.catalogue;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.File;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import javax.tools.ToolProvider;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import vit.kernels.verify.ChildProcess;

/**
 * A build with a fault does not verify. Each fault is planted in a copy of a kernel's source, which is compiled and put in front of the class path of a
 * JVM that verifies.
 */
@Timeout(600)
class PlantedFaultsTest {

    private static final Path SOURCES = Path.of("src/main/java/vit/kernels");
    private static final Pattern WRONG = Pattern.compile("(?m)^wrong: ([^:]+): ");

    /** The micro-kernel of machines with 32 vector registers. Only one of the two is in use. */
    private static final Path WIDE = SOURCES.resolve("gemm/MicroKernel6x4.java");

    @TempDir
    private Path folder;

    /** A fault: what a line of a source becomes, and the kernels that are then wrong. */
    private enum Fault {
        LAST_LANE("layernorm/LayerNormSimd.java", "for (; i < n; i++) {", "for (; i < n - 1; i++) {", "layernorm",
                Set.of("layernorm")),
        SIGN("attention/AttentionBackwardSimd.java", ".sub(delta).mul(probability)", ".add(delta).mul(probability)", "attention",
                Set.of("attention backward", "attention bias backward", "attention key bias backward")),
        PRODUCT_AND_SUM_IN_GEMM("gemm/MicroKernel6x2.java", "acc0a = x.fma(ba, acc0a);", "acc0a = x.mul(ba).add(acc0a);", "gemm",
                Set.of("gemm", "gemm packed rows")),
        PRODUCT_AND_SUM_IN_A_ROW("residual/ResidualSimd.java", "acc0 = dy0.fma(load(branch.segment(), branchAt), acc0);",
                "acc0 = dy0.mul(load(branch.segment(), branchAt)).add(acc0);", "residual", Set.of("residual scaled backward")),
        WRONG_CONSTANT("optim/AdamSimd.java", "float squareKept = (float) adam.beta2();", "float squareKept = (float) adam.beta1();", "adam",
                Set.of("adam")),
        PAST_THE_END("relu/ReluSimd.java", "for (; i < n; i++) {", "for (; i <= n; i++) {", "relu", Set.of("relu"));

        private final String source;
        private final String right;
        private final String wrong;
        private final String verified;
        private final Set<String> kernels;

        Fault(String source, String right, String wrong, String verified, Set<String> kernels) {
            this.source = source;
            this.right = right;
            this.wrong = wrong;
            this.verified = verified;
            this.kernels = kernels;
        }
    }

    /** Compiles a copy of the sources in which the first {@code right} is {@code wrong}. */
    private void plant(Map<Path, String> sources) throws IOException {
        List<String> arguments = new ArrayList<>(List.of("--add-modules", "jdk.incubator.vector", "-proc:none", "-nowarn",
                "-cp", System.getProperty("java.class.path"), "-d", folder.resolve("classes").toString()));
        for (Map.Entry<Path, String> source : sources.entrySet()) {
            Path copy = folder.resolve(source.getKey().getFileName());
            Files.writeString(copy, source.getValue());
            arguments.add(copy.toString());
        }
        Files.createDirectories(folder.resolve("classes"));
        assertEquals(0, ToolProvider.getSystemJavaCompiler().run(null, null, null, arguments.toArray(String[]::new)));
    }

    private static String withFault(Path source, String right, String wrong) throws IOException {
        String text = Files.readString(source);
        assertTrue(text.contains(right), source + " has no line with " + right);
        String faulty = text.replaceFirst(Pattern.quote(right), wrong);
        assertNotEquals(text, faulty);
        return faulty;
    }

    private ChildProcess.Ended verify(String... kernels) throws IOException, InterruptedException {
        List<String> command = new ArrayList<>(List.of(ProcessHandle.current().info().command().orElseThrow(),
                "--add-modules=jdk.incubator.vector", "-Dvit.simd.bits=" + System.getProperty("vit.simd.bits", "256"),
                "-cp", folder.resolve("classes") + File.pathSeparator + System.getProperty("java.class.path"), VerificationProgram.class.getName()));
        command.addAll(List.of(kernels));
        return ChildProcess.run(new ProcessBuilder(command).redirectErrorStream(true), Duration.ofMinutes(8));
    }

    private static Set<String> wrong(ChildProcess.Ended ended) {
        return WRONG.matcher(ended.output()).results().map(result -> result.group(1)).collect(Collectors.toCollection(TreeSet::new));
    }

    @ParameterizedTest
    @EnumSource
    void aBuildWithAFaultIsNotRightAndTheKernelIsNamed(Fault fault) throws Exception {
        Path source = SOURCES.resolve(fault.source);
        Map<Path, String> copies = new HashMap<>(Map.of(source, withFault(source, fault.right, fault.wrong)));
        if (fault == Fault.PRODUCT_AND_SUM_IN_GEMM) {
            copies.put(WIDE, withFault(WIDE, "acc0a = x0.fma(y, acc0a);", "acc0a = x0.mul(y).add(acc0a);"));
        }
        plant(copies);
        ChildProcess.Ended ended = verify(fault.verified);
        assertEquals(1, ended.code(), ended.output());
        assertTrue(wrong(ended).containsAll(fault.kernels), ended.output());
        System.out.println("planted " + fault + ": " + ended.output().lines().filter(line -> line.startsWith("wrong")).findFirst().orElseThrow());
    }

    /** The same copies without a fault verify, so that it is the fault and nothing else that is found. */
    @Test
    void copiesWithoutAFaultAreRight() throws Exception {
        Map<Path, String> copies = Set.of(Fault.values()).stream().map(fault -> SOURCES.resolve(fault.source))
                .collect(Collectors.toMap(source -> source, PlantedFaultsTest::read));
        plant(copies);
        ChildProcess.Ended ended = verify();
        assertEquals(0, ended.code(), ended.output());
        assertTrue(ended.output().contains(Catalogue.kernels().size() + " kernels"), ended.output());
    }

    private static String read(Path source) {
        try {
            return Files.readString(source);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    @Test
    void aWrongHashInTheResourceIsFound() throws Exception {
        String hash = PublishedBits.read().get("softmax");
        String other = (hash.charAt(0) == '0' ? "1" : "0") + hash.substring(1);
        Path resource = folder.resolve("classes/vit/kernels/verify/catalogue").resolve(PublishedBits.RESOURCE);
        Files.createDirectories(resource.getParent());
        Files.writeString(resource, PublishedBits.text(PublishedBits.read()).replace(hash, other));
        ChildProcess.Ended ended = verify("softmax");
        assertEquals(1, ended.code(), ended.output());
        assertEquals(Set.of("softmax"), wrong(ended));
        assertTrue(ended.output().contains("its bits are " + hash + ", published are " + other), ended.output());
    }
}
