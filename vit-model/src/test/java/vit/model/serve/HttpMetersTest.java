package vit.model.serve;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.Test;

/** What the status page shows of the last minute. */
class HttpMetersTest {

    private final AtomicLong clock = new AtomicLong(-17); // nanoTime may be negative
    private final HttpMeters meters = new HttpMeters(clock::get);

    private void pass(long seconds) {
        clock.addAndGet(TimeUnit.SECONDS.toNanos(seconds));
    }

    private long count() {
        return meters.recent().count();
    }

    @Test
    void anImageIsForgottenAfterAMinute() {
        meters.served(TimeUnit.MILLISECONDS.toNanos(10), 1);
        for (int second = 0; second < 60; second++) {
            assertEquals(1, count(), "after " + second + " seconds");
            pass(1);
        }
        assertEquals(0, count());
    }

    /** Nobody looks at the page for long. */
    @Test
    void imagesOfLongAgoAreNotThoseOfTheLastMinute() {
        for (int second = 0; second < 3600; second++) {
            meters.served(TimeUnit.MILLISECONDS.toNanos(10), 1);
            pass(1);
        }
        HttpMeters.Recent recent = meters.recent();
        assertEquals(recent.seconds(), recent.count(), 1);
        pass(3600);
        assertEquals(0, count());
        meters.served(1, 3);
        assertEquals(3, count());
        pass(1_000_000);
        assertEquals(0, count());
    }

    @Test
    void quantilesAreThoseOfTheTimes() {
        for (int i = 1; i <= 100; i++) {
            meters.served(TimeUnit.MILLISECONDS.toNanos(i), 1);
        }
        HttpMeters.Recent recent = meters.recent();
        assertEquals(50, recent.p50Millis(), 0.5);
        assertEquals(99, recent.p99Millis(), 1);
        meters.served(Long.MAX_VALUE, 1); // longer than the histogram's longest
        assertEquals(101, count());
    }

    @Test
    void secondsAreThoseSinceTheStartAndAtMostAMinute() {
        assertEquals(0, meters.recent().seconds());
        pass(7);
        assertEquals(7, meters.recent().seconds());
        pass(993);
        assertEquals(55, meters.recent().seconds(), 5);
    }

    @Test
    void answersAreCountedByStatus() {
        meters.answered(200);
        meters.answered(404);
        meters.answered(200);
        assertEquals(Map.of(200, 2L, 404, 1L), meters.answers());
    }
}
