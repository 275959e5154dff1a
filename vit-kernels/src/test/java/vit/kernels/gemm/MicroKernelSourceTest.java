package vit.kernels.gemm;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.io.StringWriter;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.invoke.MethodHandle;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.MethodType;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.SplittableRandom;
import javax.tools.JavaCompiler;
import javax.tools.ToolProvider;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import vit.kernels.gemm.MicroKernelSource.Barrier;
import vit.kernels.gemm.MicroKernelSource.TileShape;
import vit.kernels.simd.Simd;
import vit.kernels.tensor.Tensor;

/**
 * The micro-kernels that are checked in are those that {@link MicroKernelSource} writes, and a tile of any shape that it could write equals a
 * scalar chain of fma.
 */
class MicroKernelSourceTest {

    private static final Path SOURCES = Path.of("src", "main", "java", "vit", "kernels", "gemm");

    @TempDir
    private Path folder;

    @Test
    void theKernelsThatAreCheckedInAreWhatTheGeneratorWrites() throws IOException {
        for (TileShape tile : MicroKernelSource.TILES) {
            String checkedIn = Files.readString(SOURCES.resolve(tile.className() + ".java"));
            assertEquals(MicroKernelSource.of(tile), checkedIn,
                    tile.className() + " differs from what MicroKernelSource writes: change the generator and run it (docs/gemm.md)");
        }
    }

    @Test
    void aTileOfAnyShapeIsTheScalarChainOfFma() throws Throwable {
        for (TileShape tile : List.of(
                new TileShape(8, 3, 2, Barrier.BRANCH_AFTER_STEP, " * Eight rows.\n"),
                new TileShape(5, 1, 4, Barrier.BRANCH_AFTER_STEP, " * Five rows.\n"),
                new TileShape(4, 3, 3, Barrier.FENCE_AFTER_ROW, " * Four rows.\n"),
                new TileShape(1, 5, 1, Barrier.FENCE_AFTER_ROW, " * One row.\n"))) {
            assertTrue(isChainOfFma(tile, MicroKernelSource.of(tile), "Right"), tile.className());
        }
    }

    @Test
    void aSlipInOneLineIsRejected() throws Throwable {
        TileShape tile = new TileShape(7, 3, 2, Barrier.BRANCH_AFTER_STEP, " * Seven rows.\n");
        String source = MicroKernelSource.of(tile);
        List<String[]> slips = List.of(
                new String[] {"acc3b = x3.fma(y, acc3b)", "acc3b = x2.fma(y, acc3b)"},
                new String[] {"at + 4 * VECTOR_BYTES", "at + 3 * VECTOR_BYTES"},
                new String[] {"a[aStart + i + 5 * ROW + 1]", "a[aStart + i + 5 * ROW]"},
                new String[] {"acc6c.intoArray(c, 20 * LANES)", "acc6b.intoArray(c, 20 * LANES)"},
                new String[] {"fromArray(SPECIES, from, 7 * LANES)", "fromArray(SPECIES, from, 8 * LANES)"});
        for (int i = 0; i < slips.size(); i++) {
            String[] slip = slips.get(i);
            assertTrue(source.contains(slip[0]), slip[0]);
            int last = source.lastIndexOf(slip[0]);
            String wrong = source.substring(0, last) + slip[1] + source.substring(last + slip[0].length());
            assertFalse(isChainOfFma(tile, wrong, "Wrong" + i), slip[0] + " became " + slip[1]);
        }
    }

    /** Compiles the source under a name of its own, runs it, and compares every element with a scalar chain that continues from the value in the tile. */
    private boolean isChainOfFma(TileShape tile, String source, String suffix) throws Throwable {
        String name = tile.className() + suffix;
        Class<?> kernel = define(name, source.replace(tile.className(), name));
        MethodHandles.Lookup lookup = MethodHandles.privateLookupIn(kernel, MethodHandles.lookup());
        int steps = 6 * tile.steps();
        SplittableRandom random = new SplittableRandom(7);
        float[] a = random(random, tile.rows() * MicroKernel.ROW);
        float[] b = random(random, steps * tile.vectors() * Simd.LANES);
        float[] from = random(random, tile.rows() * tile.vectors() * Simd.LANES);
        float[] c = new float[from.length];
        if (tile.barrier() == Barrier.FENCE_AFTER_ROW) {
            MethodHandle multiply = lookup.findStatic(kernel, "multiply", MethodType.methodType(void.class, float[].class, int.class, float[].class,
                    int.class, int.class, float[].class, float[].class));
            multiply.invoke(a, 0, b, 0, steps, from, c);
        } else {
            MethodHandle multiply = lookup.findStatic(kernel, "multiply", MethodType.methodType(int.class, float[].class, int.class,
                    MemorySegment.class, long.class, int.class, float[].class, float[].class, long.class));
            try (Arena arena = Arena.ofConfined()) {
                MemorySegment panel = arena.allocate((long) b.length * Float.BYTES, Simd.VECTOR_BYTES);
                MemorySegment.copy(b, 0, panel, Tensor.FLOAT, 0, b.length);
                assertEquals(steps, (int) multiply.invoke(a, 0, panel, 0L, steps, from, c, 0L));
            }
        }
        return Arrays.equals(chain(tile, a, b, from, steps), c);
    }

    private static float[] chain(TileShape tile, float[] a, float[] b, float[] from, int steps) {
        int columns = tile.vectors() * Simd.LANES;
        float[] c = from.clone();
        for (int row = 0; row < tile.rows(); row++) {
            for (int column = 0; column < columns; column++) {
                for (int k = 0; k < steps; k++) {
                    c[row * columns + column] = Math.fma(a[row * MicroKernel.ROW + k], b[k * columns + column], c[row * columns + column]);
                }
            }
        }
        return c;
    }

    private static float[] random(SplittableRandom random, int size) {
        float[] values = new float[size];
        for (int i = 0; i < size; i++) {
            values[i] = (float) (random.nextDouble() * 2 - 1);
        }
        return values;
    }

    private Class<?> define(String name, String source) throws IOException, IllegalAccessException {
        Path file = folder.resolve(name + ".java");
        Files.writeString(file, source);
        JavaCompiler compiler = ToolProvider.getSystemJavaCompiler();
        StringWriter log = new StringWriter();
        boolean compiled = compiler.getTask(log, null, null,
                List.of("--add-modules", "jdk.incubator.vector", "-nowarn", "-proc:none", "-d", folder.toString(), "-cp", System.getProperty("java.class.path")),
                null, compiler.getStandardFileManager(null, null, null).getJavaFileObjects(file)).call();
        assertTrue(compiled, log::toString);
        return MethodHandles.lookup().defineClass(Files.readAllBytes(folder.resolve(Path.of("vit", "kernels", "gemm", name + ".class"))));
    }
}
