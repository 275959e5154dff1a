package vit.kernels.verify;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import java.lang.foreign.ValueLayout;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import vit.kernels.tensor.TensorArena;

/** Every float around a matrix is guarded, whichever memory it lies in. */
class GuardedMemoryTest {

    private static final int ROWS = 3;
    private static final int COLUMNS = 5;

    private static final TensorArena ARENA = TensorArena.open();

    static Stream<GuardedMemory> memories() {
        return Stream.of(GuardedArray.of(0, 0, ROWS, COLUMNS), GuardedArray.of(3, 2, ROWS, COLUMNS), GuardedSegment.of(ARENA, 0, 0, ROWS, COLUMNS),
                GuardedSegment.of(ARENA, 5, 4, ROWS, COLUMNS), GuardedTensor.of(ARENA, 0, 0, ROWS, COLUMNS), GuardedTensor.of(ARENA, 7, 1, ROWS, COLUMNS));
    }

    @ParameterizedTest
    @MethodSource("memories")
    void everyFloatOutsideTheElementsIsAGuard(GuardedMemory memory) {
        int elements = 0;
        for (int guard : new int[] {GuardedMemory.NAN_GUARD, GuardedMemory.LARGE_GUARD}) {
            memory.setGuards(guard);
            elements = 0;
            for (int i = 0; i < memory.floats(); i++) {
                int before = memory.bits(i);
                memory.setBits(i, 0x12345678);
                try {
                    memory.assertGuardsIntact("x");
                    elements++;
                } catch (AssertionError e) {
                    assertEquals(guard, before);
                }
                memory.setBits(i, before);
            }
            assertEquals(ROWS * COLUMNS, elements);
        }
        assertEquals(2 * GuardedMemory.MARGIN, memory.floats() - ROWS * memory.stride() - (memory.first() - GuardedMemory.MARGIN), "guards on both sides");
        memory.setElements(new float[ROWS * COLUMNS]);
        memory.assertGuardsIntact("x");
    }

    @ParameterizedTest
    @MethodSource("memories")
    void aGuardIsNamedByItsPlace(GuardedMemory memory) {
        assertPlace("x: guard overwritten 32 floats before the first element with 7.0", memory, 0, -32);
        assertPlace("x: guard overwritten 1 floats before the first element with 7.0", memory, 0, -1);
        assertPlace("x: guard overwritten 1 floats after the last element with 7.0", memory, ROWS - 1, COLUMNS);
        if (memory.stride() > COLUMNS) {
            assertPlace("x: guard overwritten 1 floats after the end of row 1 with 7.0", memory, 1, COLUMNS);
        }
    }

    private static void assertPlace(String message, GuardedMemory memory, int row, int column) {
        float before = memory.get(row, column);
        memory.set(row, column, 7);
        assertEquals(message, assertThrows(AssertionError.class, () -> memory.assertGuardsIntact("x")).getMessage());
        memory.set(row, column, before);
    }

    @Test
    void aSegmentBeginsOffAlignmentAsAskedAndEndsWithItsLastRow() {
        for (int offset = 0; offset < 16; offset++) {
            GuardedSegment memory = GuardedSegment.of(ARENA, offset, 2, ROWS, COLUMNS);
            assertEquals(offset * 4L, memory.segment().address() % 64);
            assertThrows(IndexOutOfBoundsException.class, () -> memory.segment().getAtIndex(ValueLayout.JAVA_FLOAT_UNALIGNED, ROWS * (COLUMNS + 2L)));
            assertEquals(offset * 4L, GuardedTensor.of(ARENA, offset, 2, ROWS, COLUMNS).tensor().segment().address() % 64);
        }
    }

    @Test
    void emptyMatricesHaveGuardsToo() {
        for (GuardedMemory memory : new GuardedMemory[] {GuardedArray.of(1, 0, 0, 5), GuardedArray.of(1, 0, 5, 0), GuardedTensor.of(ARENA, 1, 3, 5, 0)}) {
            memory.assertGuardsIntact("x");
            assertPlace("x: guard overwritten 1 floats before the first element with 7.0", memory, 0, -1);
        }
    }
}
