package vit.kernels.lifetime;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrowsExactly;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.logging.Handler;
import java.util.logging.LogRecord;
import java.util.logging.Logger;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import vit.kernels.parallel.Workers;

/** What was forgotten is freed with one warning that says where it was made, and what was closed is freed once and without a warning. */
@Timeout(60)
class CloseGuardTest {

    private final List<LogRecord> records = new CopyOnWriteArrayList<>();
    private final Logger logger = Logger.getLogger(CloseGuard.LOGGER);
    private final Handler handler = new Handler() {
        @Override
        public void publish(LogRecord logged) {
            records.add(logged);
        }

        @Override
        public void flush() {
            records.size();
        }

        @Override
        public void close() {
            records.clear();
        }
    };

    @BeforeEach
    void listen() {
        logger.setUseParentHandlers(false);
        logger.addHandler(handler);
    }

    @AfterEach
    void stopListening() {
        logger.removeHandler(handler);
        logger.setUseParentHandlers(true);
    }

    private static Lifetime lifetime(Runnable free) {
        return new Lifetime(1, () -> new IllegalStateException("in use"), () -> new IllegalStateException("closed"), "the owner of the test", free);
    }

    private void collectUntilWarned(int warnings) throws InterruptedException {
        while (records.size() < warnings) {
            System.gc();
            Thread.sleep(10);
        }
    }

    @Test
    void whatIsForgottenIsFreedWithOneWarningThatSaysWhereItWasMade() throws InterruptedException {
        AtomicInteger freed = new AtomicInteger();
        lifetime(freed::incrementAndGet).enter(); // a call that never ends does not keep it alive
        collectUntilWarned(1);
        assertEquals(1, freed.get());
        String message = records.getFirst().getMessage();
        assertTrue(message.startsWith("the owner of the test was never closed"), message);
        assertEquals("it was made here", records.getFirst().getThrown().getMessage());
        assertTrue(List.of(records.getFirst().getThrown().getStackTrace()).toString().contains("CloseGuardTest.whatIsForgotten"));
    }

    @Test
    void whatIsClosedIsFreedOnceAndWithoutAWarning() throws InterruptedException {
        AtomicInteger freed = new AtomicInteger();
        Lifetime closed = lifetime(freed::incrementAndGet);
        closed.enter();
        closed.close();
        assertEquals(0, freed.get(), "while the call runs");
        closed.exit();
        closed.close();
        assertEquals(1, freed.get());
        assertEquals("closed", assertThrowsExactly(IllegalStateException.class, closed::enter).getMessage());
        closed = null;
        lifetime(freed::incrementAndGet);
        collectUntilWarned(1);
        assertEquals(2, freed.get());
        assertEquals(1, records.size());
    }

    @Test
    void theThreadsOfAForgottenTeamEnd() throws InterruptedException {
        Thread[] members = members();
        collectUntilWarned(1);
        for (int i = 1; i < members.length; i++) {
            members[i].join();
        }
        String message = records.getFirst().getMessage();
        assertTrue(message.startsWith("the team forgotten was never closed") && message.contains("CloseGuardTest.members("), message);
    }

    private static Thread[] members() {
        Thread[] members = new Thread[3];
        Workers.of(3, "forgotten").run(w -> members[w.index()] = Thread.currentThread());
        return members;
    }
}
