package vit.bench.scaling;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.lang.reflect.Field;
import java.lang.reflect.Method;
import java.util.Arrays;
import org.junit.jupiter.api.Test;

/** The rules that the plan repeats are those of the kernels, which are not public. */
class TilingTest {

    private static final String TILE = "vit.kernels.gemm.Tile";
    private static final String GEMM = "vit.kernels.gemm.GemmSimd";
    private static final String ATTENTION = "vit.kernels.attention.AttentionSimd";

    private static int constant(String type, String name) throws ReflectiveOperationException {
        Field field = Class.forName(type).getDeclaredField(name);
        field.setAccessible(true);
        return field.getInt(null);
    }

    private static int call(String type, String name, Integer... arguments) throws ReflectiveOperationException {
        Class<?>[] types = new Class<?>[arguments.length];
        Arrays.fill(types, int.class);
        Method method = Class.forName(type).getDeclaredMethod(name, types);
        method.setAccessible(true);
        return (int) method.invoke(null, (Object[]) arguments);
    }

    @Test
    void constantsAreThoseOfTheKernels() throws ReflectiveOperationException {
        assertEquals(constant(TILE, "ROWS"), Tiling.ROWS);
        assertEquals(constant(TILE, "DEPTH"), Tiling.DEPTH);
        assertEquals(constant(TILE, "BLOCK_ROWS"), Tiling.BLOCK_ROWS);
        assertEquals(constant(GEMM, "ITEMS"), Tiling.ITEMS);
        assertEquals(constant(ATTENTION, "ENOUGH_ITEMS"), Tiling.ENOUGH_HEADS);
        assertEquals(constant(ATTENTION, "LEAST_TILES"), Tiling.LEAST_TILES);
        assertEquals(new Tiling(constant(TILE, "COLUMNS"), constant(TILE, "GROUP"), Tiling.ITEMS), Tiling.ofThisMachine());
    }

    @Test
    void rulesAreThoseOfTheKernels() throws ReflectiveOperationException {
        Tiling tiling = Tiling.ofThisMachine();
        for (int m = 1; m <= 1600; m += 13) {
            for (int depth : new int[] {64, 192, 384, 768, 3072}) {
                assertEquals(call(TILE, "blockRows", m, depth), Tiling.blockRows(m, depth), m + " rows of " + depth);
            }
        }
        for (int workers = 1; workers <= 64; workers++) {
            for (int n = 1; n <= 200; n += 7) {
                assertEquals(call(GEMM, "partTiles", 33, n, workers), tiling.partTiles(33, n, workers), n + " items, " + workers + " workers");
                assertEquals(call(ATTENTION, "parts", n, 197, workers), Tiling.headParts(n, 197, workers), n + " heads, " + workers + " workers");
            }
        }
    }
}
