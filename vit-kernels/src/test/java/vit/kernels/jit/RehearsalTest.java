package vit.kernels.jit;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.locks.LockSupport;
import org.junit.jupiter.api.Test;
import vit.kernels.attention.Attention;
import vit.kernels.gelu.Gelu;
import vit.kernels.gemm.Gemm;
import vit.kernels.gemm.PackedMatrix;
import vit.kernels.layernorm.LayerNorm;
import vit.kernels.patchembed.PatchEmbed;

class RehearsalTest {

    private static final long LIMIT_NANOS = 20_000_000_000L;

    /** On a busy machine C2 may be late, or find a profile that it does not like, once; not always. */
    private static final int ATTEMPTS = 4;

    static List<Rehearsal> all() {
        List<Rehearsal> kernels = new ArrayList<>(PackedMatrix.rehearsals());
        kernels.addAll(Gemm.rehearsals());
        kernels.addAll(Attention.rehearsals());
        kernels.addAll(LayerNorm.rehearsals());
        kernels.addAll(Gelu.rehearsals());
        kernels.addAll(PatchEmbed.rehearsals());
        return kernels;
    }

    /** In a JVM of its own: in this one other tests have used the kernels. Prints the kernels that were not compiled. */
    static final class Probe {
        public static void main(String[] arguments) {
            List<Rehearsal> pending = Rehearsal.run(all(), System.nanoTime() + LIMIT_NANOS);
            System.out.println("pending " + pending.stream().map(Rehearsal::name).toList());
        }
    }

    @Test
    void everyKernelIsCompiled() throws IOException, InterruptedException {
        List<String> pending = all().stream().map(Rehearsal::name).toList();
        for (int attempt = 0; attempt < ATTEMPTS && !pending.isEmpty(); attempt++) {
            Process process = new ProcessBuilder(List.of(ProcessHandle.current().info().command().orElseThrow(),
                    "--add-modules=jdk.incubator.vector", "-cp", System.getProperty("java.class.path"), Probe.class.getName()))
                    .redirectErrorStream(true).start();
            String output = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
            assertEquals(0, process.waitFor(), output);
            String line = output.lines().filter(l -> l.startsWith("pending ")).findFirst().orElseThrow();
            pending = pending.stream().filter(line::contains).toList();
        }
        assertEquals(List.of(), pending);
    }

    @Test
    void whatStaysSlowIsReported() {
        AtomicInteger works = new AtomicInteger();
        AtomicInteger nothings = new AtomicInteger();
        Rehearsal slow = new Rehearsal("slow", () -> {
            works.incrementAndGet();
            LockSupport.parkNanos(1_000_000);
        }, nothings::incrementAndGet);
        Rehearsal fast = new Rehearsal("fast", () -> {}, () -> {});
        long limit = 1_000_000_000;
        long start = System.nanoTime();
        assertEquals(List.of(slow), Rehearsal.run(List.of(slow, fast), start + limit));
        assertTrue(System.nanoTime() - start < 20 * limit);
        assertTrue(works.get() > 2 && nothings.get() > 1000 * works.get(), works + " and " + nothings);
    }

    @Test
    void nothingHappensAfterTheDeadline() {
        AtomicInteger calls = new AtomicInteger();
        Rehearsal kernel = new Rehearsal("kernel", calls::incrementAndGet, calls::incrementAndGet);
        assertEquals(List.of(kernel), Rehearsal.run(List.of(kernel), System.nanoTime() - 1));
        assertEquals(0, calls.get());
    }
}
