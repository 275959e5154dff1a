package vit.bench.peers.openblas;

import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.bytedeco.mkl.global.mkl_rt;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.EnabledOnOs;
import org.junit.jupiter.api.condition.OS;

/** OpenBLAS beside MKL. */
class OpenBlasTest {

    /** Linked by name, the function would be MKL's, whose symbols are global. */
    @Test
    @EnabledOnOs(OS.LINUX)
    void openBlasIsItsOwn() throws IOException {
        assertTrue(mkl_rt.MKL_Get_Max_Threads() > 0); // loads MKL
        long address = OpenBlas.get().address();
        String mapping = Files.readAllLines(Path.of("/proc/self/maps")).stream().filter(line -> {
            String[] range = line.substring(0, line.indexOf(' ')).split("-");
            return Long.parseUnsignedLong(range[0], 16) <= address && address < Long.parseUnsignedLong(range[1], 16);
        }).findFirst().orElseThrow();
        assertTrue(mapping.contains("libopenblas"), mapping);
    }
}
