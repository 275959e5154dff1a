package vit.kernels.contract;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.BufferedInputStream;
import java.io.DataInputStream;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import vit.kernels.verify.ChildProcess;
import vit.kernels.verify.Comparison;

/**
 * {@code -Dvit.kernels=reference} computes what the SIMD kernels compute, through the same facades. Each mode runs in a JVM of its own, and all
 * outputs of {@link KernelBitsProbe} are compared.
 */
class ReferenceModeTest {

    /** The tolerance, relative to the largest number in an output: some roundings of the longest sums in it. */
    private static final double TOLERANCE = 0x1p-24 * 32;

    @Test
    @Timeout(120)
    void referenceModeAgreesWithSimdInEveryKernel(@TempDir Path folder) throws Exception {
        assumeTrue(Integer.getInteger("vit.test.bits") == null, "once is enough: the reference has no width");
        Map<String, float[]> simd = run("simd", folder.resolve("simd"));
        Map<String, float[]> reference = run("reference", folder.resolve("reference"));
        assertEquals(simd.keySet(), reference.keySet());
        Comparison comparison = new Comparison("reference mode against SIMD");
        int different = 0;
        for (Map.Entry<String, float[]> entry : reference.entrySet()) {
            double[] truth = new double[entry.getValue().length];
            double largest = 0;
            for (int i = 0; i < truth.length; i++) {
                truth[i] = entry.getValue()[i];
                largest = Double.isFinite(truth[i]) ? Math.max(largest, Math.abs(truth[i])) : largest;
            }
            double bound = TOLERANCE * largest;
            try {
                comparison.addAll(truth, simd.get(entry.getKey()), i -> bound);
            } catch (AssertionError e) {
                throw new AssertionError(entry.getKey() + ": " + e.getMessage(), e);
            }
            different += Arrays.equals(entry.getValue(), simd.get(entry.getKey())) ? 0 : 1;
        }
        comparison.print();
        assertTrue(different > reference.size() / 3,
                "only " + different + " outputs differ at all: was it the reference that ran?");
    }

    private static Map<String, float[]> run(String implementation, Path file) throws IOException, InterruptedException {
        String output = ChildProcess.output(new ProcessBuilder(List.of(ProcessHandle.current().info().command().orElseThrow(),
                "--add-modules=jdk.incubator.vector", "-Dvit.kernels=" + implementation,
                "-cp", System.getProperty("java.class.path"), KernelBitsProbe.class.getName(), "1", file.toString()))
                .redirectErrorStream(true));
        assertTrue(output.lines().noneMatch(line -> line.contains(": differs")), output);
        Map<String, float[]> outputs = new LinkedHashMap<>();
        try (DataInputStream in = new DataInputStream(new BufferedInputStream(Files.newInputStream(file)))) {
            while (in.available() > 0) {
                String name = in.readUTF();
                float[] values = new float[in.readInt()];
                for (int i = 0; i < values.length; i++) {
                    values[i] = in.readFloat();
                }
                outputs.put(name, values);
            }
        }
        return outputs;
    }
}
