package vit.model.service;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import org.junit.jupiter.api.Test;

class HistogramTest {

    @Test
    void quantilesAreUpperEndsOfRanges() {
        Histogram histogram = new Histogram(new double[] {1, 2, 5}, new long[] {50, 49, 0, 1}, 200);
        assertEquals(100, histogram.count());
        assertEquals(2, histogram.mean());
        assertEquals(1, histogram.quantile(0));
        assertEquals(1, histogram.quantile(0.5));
        assertEquals(2, histogram.quantile(0.51));
        assertEquals(2, histogram.quantile(0.99));
        assertEquals(Double.POSITIVE_INFINITY, histogram.quantile(1));
        assertEquals(0, new Histogram(new double[] {1}, new long[2], 0).quantile(0.5));
        assertThrows(IllegalArgumentException.class, () -> histogram.quantile(Double.NaN));
        assertThrows(IllegalArgumentException.class, () -> new Histogram(new double[] {1}, new long[1], 0));
    }

    @Test
    void theArraysAreCopies() {
        Histogram histogram = new Histogram(new double[] {1}, new long[] {3, 4}, 5);
        histogram.counts()[0] = 9;
        histogram.bounds()[0] = 9;
        assertEquals(new Histogram(new double[] {1}, new long[] {3, 4}, 5), histogram);
    }
}
