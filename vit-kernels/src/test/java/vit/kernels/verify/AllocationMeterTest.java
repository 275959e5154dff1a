package vit.kernels.verify;

import static org.junit.jupiter.api.Assertions.assertDoesNotThrow;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import org.junit.jupiter.api.Test;

/** Tests the test: an allocation on the calling thread or on a worker is noticed, however small. */
class AllocationMeterTest {

    private static volatile Object kept;

    @Test
    void acceptsWorkThatAllocatesNothing() {
        long[] sum = new long[1];
        assertDoesNotThrow(() -> Allocation.assertNone("sum", 100, () -> sum[0]++));
    }

    @Test
    void rejectsOneObjectInEveryRoundOnTheCallingThread() {
        int[] call = new int[1];
        String message = assertThrows(AssertionError.class, () -> Allocation.assertNone("planted", 100, () -> {
            if (++call[0] % 100 == 0) {
                kept = new Object();
            }
        })).getMessage();
        assertTrue(message.matches("planted still allocates \\d+ bytes in 100 calls"), message);
    }

    @Test
    void rejectsAnObjectOnAnotherWorker() {
        assertThrows(AssertionError.class, () -> Allocation.assertNone("planted", 10, () -> Teams.run(2, worker -> {
            if (worker.index() == 1) {
                kept = new float[1];
            }
        })));
    }
}
