package vit.bench.load;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.Arrays;
import java.util.stream.LongStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

/** The arithmetic of due times. */
class ArrivalsTest {

    private static long[] times(Arrivals arrivals, double rate, long seed, int count) {
        Arrivals.Schedule schedule = arrivals.schedule(rate, seed);
        return LongStream.generate(schedule::next).limit(count).toArray();
    }

    @Test
    void constantArrivalsAreMultiplesOfTheInterval() {
        assertArrayEquals(new long[] {0, 4_000_000, 8_000_000, 12_000_000}, times(Arrivals.CONSTANT, 250, 1, 4));
    }

    /** A third of a second is no whole number of nanoseconds; a sum of rounded ones would be off by 333 after a thousand. */
    @Test
    void roundingDoesNotAddUp() {
        assertEquals(333_000_000_000L, times(Arrivals.CONSTANT, 3, 1, 1000)[999]);
    }

    @ParameterizedTest
    @EnumSource(Arrivals.class)
    void timesNeverFall(Arrivals arrivals) {
        long[] times = times(arrivals, 1e6, 7, 100_000);
        for (int i = 1; i < times.length; i++) {
            assertTrue(times[i - 1] <= times[i], "request " + i);
        }
    }

    @Test
    void theSeedDecidesThePoissonTimes() {
        assertArrayEquals(times(Arrivals.POISSON, 100, 5, 1000), times(Arrivals.POISSON, 100, 5, 1000));
        assertFalse(Arrays.equals(times(Arrivals.POISSON, 100, 5, 1000), times(Arrivals.POISSON, 100, 6, 1000)));
    }

    /** Exponential intervals have the mean 1/λ and the variance 1/λ²; the standard errors of n intervals are 1/λ√n and √(8/n)/λ². */
    @Test
    void poissonIntervalsHaveMeanAndVarianceOfTheExponentialDistribution() {
        int n = 200_000;
        double interval = 1e9 / 100;
        long[] times = times(Arrivals.POISSON, 100, 1, n);
        double squares = 0;
        for (int i = 0; i < n; i++) {
            double deviation = (times[i] - (i == 0 ? 0 : times[i - 1])) / interval - 1;
            squares += deviation * deviation;
        }
        assertEquals(1, times[n - 1] / interval / n, 5 / Math.sqrt(n));
        assertEquals(1, squares / n, 5 * Math.sqrt(8.0 / n));
    }

    @ParameterizedTest
    @ValueSource(doubles = {0, -1, Double.NaN, Double.POSITIVE_INFINITY})
    void impossibleRatesAreRefused(double rate) {
        assertThrows(IllegalArgumentException.class, () -> Arrivals.POISSON.schedule(rate, 1));
    }
}
