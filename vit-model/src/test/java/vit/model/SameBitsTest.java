package vit.model;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeSet;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import vit.kernels.verify.ChildProcess;

/**
 * Logits, gradients and trained weights have the same hash in every mode of the JVM, at every vector width and at any number of threads: after twenty steps of
 * plain models, and after one step of models with the later parts (positions by axis, EVA's and BEiT's blocks, a hybrid). The logits are also those of weights
 * that are kept in 16 bits.
 */
class SameBitsTest {

    @Test
    @Timeout(600)
    void oneHashInInterpreterC1AndC2AtEveryWidthAndThreadCount() throws IOException, InterruptedException {
        Map<String, String> hashes = new LinkedHashMap<>();
        String[] manyThreads = {"1", "2", "3", "4", "5", "6", "7", "8"};
        for (int bits : new int[] {128, 256, 512}) {
            hashes.put("default at " + bits, probe(List.of("-Dvit.simd.bits=" + bits), manyThreads));
        }
        hashes.put("preferred width", probe(List.of(), "1", "2"));
        hashes.put("interpreter at 256", probe(List.of("-Xint", "-Dvit.simd.bits=256"), "2"));
        hashes.put("C1 at 128", probe(List.of("-XX:TieredStopAtLevel=1", "-Dvit.simd.bits=128"), "2"));
        hashes.put("C2 alone at 256", probe(List.of("-XX:-TieredCompilation", "-Dvit.simd.bits=256"), "2"));
        System.out.println("same bits: " + hashes);
        assertEquals(1, new TreeSet<>(hashes.values()).size(), hashes.toString());
    }

    private static String probe(List<String> options, String... threads) throws IOException, InterruptedException {
        List<String> command = new ArrayList<>();
        command.add(ProcessHandle.current().info().command().orElseThrow());
        command.add("--add-modules=jdk.incubator.vector");
        command.addAll(options);
        command.add("-cp");
        command.add(System.getProperty("java.class.path"));
        command.add(BitsProbe.class.getName());
        command.addAll(List.of(threads));
        String output = ChildProcess.output(new ProcessBuilder(command).redirectErrorStream(true));
        String hash = output.lines().filter(line -> line.startsWith("hash ")).findFirst().orElse("");
        assertTrue(hash.matches("hash [0-9a-f]+ [0-9a-f]+"), options + ": " + output);
        return hash;
    }
}
