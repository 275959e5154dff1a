package vit.kernels.peak;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.Test;
import vit.kernels.parallel.Workers;
import vit.kernels.simd.Simd;

/** The measured bandwidth is plausible for the memory of any machine. */
class MemoryBandwidthTest {

    /** A rate below that of any memory in use, and above that of code that boxes its vectors. */
    private static final double LEAST_GIGABYTES = 0.5;

    @Test
    void memoryIsReadAndCopiedAtTheSpeedOfMemory() {
        Assumptions.assumeTrue(Simd.isNative(), "this width is emulated: test skipped");
        try (Workers team = Workers.of(2)) {
            MemoryBandwidth bandwidth = MemoryBandwidth.measure(team);
            System.out.printf("memory bandwidth of two threads: read %.1f GB/s, copy %.1f GB/s%n", bandwidth.read(), bandwidth.copy());
            assertEquals(2, bandwidth.threads());
            assertTrue(bandwidth.read() > LEAST_GIGABYTES, () -> "only " + bandwidth.read() + " GB/s read");
            assertTrue(bandwidth.copy() > LEAST_GIGABYTES, () -> "only " + bandwidth.copy() + " GB/s copied");
        }
    }
}
