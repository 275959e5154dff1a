package vit.model.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;

import org.junit.jupiter.api.Test;

/** The quantiles of recorded times are exact while there is room for all of them. Later, when only evenly spaced calls are kept, they are close. */
class LatenciesTest {

    @Test
    void quantilesAreExactWhileThereIsRoomAndEvenlySpacedLater() {
        Latencies few = new Latencies(100);
        for (int i = 100; i >= 1; i--) {
            few.add(i * 1_000_000L);
        }
        assertEquals(50, few.quantile(0.5));
        assertEquals(99, few.quantile(0.99));
        Latencies many = new Latencies(100);
        int calls = 12_345;
        for (int i = 0; i < calls; i++) {
            many.add(i * 1_000_000L);
        }
        assertEquals(calls, many.count());
        assertEquals(calls - 1, many.max());
        assertEquals(calls / 2.0, many.quantile(0.5), 256);
        assertEquals(calls * 0.99, many.quantile(0.99), 256);
    }
}
