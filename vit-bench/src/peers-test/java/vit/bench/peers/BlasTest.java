package vit.bench.peers;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.EnabledOnOs;
import org.junit.jupiter.api.condition.OS;

/** The other libraries' products, all loaded in one process. */
class BlasTest {

    private static final GemmShape SHAPE = new GemmShape(13, 37, 29);

    private static float[] random(int n, long seed) {
        SplittableRandom random = new SplittableRandom(seed);
        float[] values = new float[n];
        for (int i = 0; i < n; i++) {
            values[i] = (float) (random.nextDouble() * 2 - 1);
        }
        return values;
    }

    @Test
    void everyLibraryGivesTheProductAtEveryThreadCount() {
        float[] a = random(SHAPE.m() * SHAPE.k(), 1);
        float[] b = random(SHAPE.n() * SHAPE.k(), 2);
        for (int threads : new int[] {1, 2, 1}) {
            for (Blas.Library library : Blas.Library.values()) {
                Blas blas = new Blas(library, SHAPE, a, b, threads);
                blas.run();
                float[] c = blas.result();
                for (int i = 0; i < c.length; i++) {
                    double sum = 0;
                    for (int k = 0; k < SHAPE.k(); k++) {
                        sum += (double) a[i / SHAPE.n() * SHAPE.k() + k] * b[i % SHAPE.n() * SHAPE.k() + k];
                    }
                    assertEquals(sum, c[i], 1e-5, blas.name());
                }
            }
        }
    }

    /** Linked by name, the function would be MKL's, whose symbols are global. */
    @Test
    @EnabledOnOs(OS.LINUX)
    void openBlasIsItsOwn() throws IOException {
        new Blas(Blas.Library.MKL, SHAPE, random(SHAPE.m() * SHAPE.k(), 1), random(SHAPE.n() * SHAPE.k(), 2), 1).run();
        long address = OpenBlas.get().address();
        String mapping = Files.readAllLines(Path.of("/proc/self/maps")).stream().filter(line -> {
            String[] range = line.substring(0, line.indexOf(' ')).split("-");
            return Long.parseUnsignedLong(range[0], 16) <= address && address < Long.parseUnsignedLong(range[1], 16);
        }).findFirst().orElseThrow();
        assertTrue(mapping.contains("libopenblas"), mapping);
    }
}
