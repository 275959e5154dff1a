package vit.kernels.peak;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import vit.kernels.parallel.Workers;
import vit.kernels.simd.Simd;

/** The measured peak is plausible for a vector unit, and the chains that are checked in are those that {@link FmaChainsSource} writes. */
class FmaPeakTest {

    /** A rate below that of any vector unit, and above that of vectors that the JDK emulates or boxes. */
    private static final double LEAST_GFLOPS = 2;

    @Test
    void peakOfOneCoreIsThatOfAVectorUnit() {
        try (Workers team = Workers.of(1)) {
            FmaPeak peak = FmaPeak.measure(team);
            System.out.printf("FMA peak of one core at %d bits: %.1f GFLOP/s%n", peak.bits(), peak.gflops());
            assertEquals(Simd.BITS, peak.bits());
            assertEquals(1, peak.threads());
            assertTrue(peak.gflops() > LEAST_GFLOPS || !Simd.isNative(), () -> "only " + peak.gflops() + " GFLOP/s");
            double now = peak.gflopsNow(team, 50_000_000);
            assertTrue(now > peak.gflops() / 10 && now < peak.gflops() * 3, () -> now + " GFLOP/s where " + peak.gflops() + " was the most");
        }
    }

    @Test
    void theChainsThatAreCheckedInAreWhatTheGeneratorWrites() throws IOException {
        assertEquals(FmaChainsSource.source(), Files.readString(Path.of("src", "main", "java", "vit", "kernels", "peak", "FmaChains.java")),
                "FmaChains differs from what FmaChainsSource writes: change the generator and run it");
    }

    @Test
    void theRateOfThisMomentIsThatOfATeamOfTheSameSize() {
        try (Workers one = Workers.of(1); Workers two = Workers.of(2)) {
            FmaPeak peak = new FmaPeak(1, Simd.BITS, 1);
            assertTrue(peak.gflopsNow(one, 1_000_000) > 0);
            assertThrows(IllegalArgumentException.class, () -> peak.gflopsNow(two, 1_000_000));
        }
    }
}
