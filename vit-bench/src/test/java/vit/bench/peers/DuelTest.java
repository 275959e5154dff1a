package vit.bench.peers;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.List;
import java.util.Set;
import java.util.concurrent.locks.LockSupport;
import org.junit.jupiter.api.Test;
import vit.bench.DisagreementException;
import vit.model.config.VitConfig;

/** Sides that only wait, with results of our choice. */
class DuelTest {

    private static final double SECONDS = 0.1;
    private static final double TOLERANCE = 1e-6;
    private static final long FAST_NANOS = 100_000;
    private static final long SLOW_NANOS = 400_000;

    private static final Work.Forward WORK = Work.Forward.of(Work.Kind.FORWARD, "some_model",
            VitConfig.builder().image(16, 16).patch(8).width(16).depth(1).heads(1).mlp(16).classes(2).build(), 1, 1);

    /** A side with this result, which takes this long. */
    private record Side(long nanos, float... result) implements PreparedWork {

        @Override
        public String label() {
            return "side";
        }

        @Override
        public void run() {
            LockSupport.parkNanos(nanos);
        }
    }

    private record Peer(Side side) implements Contender {

        @Override
        public String name() {
            return "peer";
        }

        @Override
        public Set<Work.Kind> kinds() {
            return Set.of(Work.Kind.FORWARD);
        }

        @Override
        public PreparedWork prepare(Work work) {
            return side;
        }
    }

    private static Row only(Duel.Ours ours, Side peer) throws Exception {
        List<Row> rows = new Duel(WORK, Piece.of(WORK).merging("2"), SECONDS, TOLERANCE).run(ours, List.of(new Peer(peer)), null);
        assertEquals(1, rows.size());
        return rows.getFirst();
    }

    @Test
    void aPeerIsHeldAgainstTheSideWithoutMerging() throws Exception {
        Duel.Ours merged = new Duel.Ours(new Side(FAST_NANOS, 3, 4), 1, new Side(SLOW_NANOS, 1, 2), false);
        Comparison row = assertInstanceOf(Comparison.class, only(merged, new Side(SLOW_NANOS, 1, 2)));
        assertEquals("merging 2", row.piece().step());
        assertEquals(0, row.error(), 0);
        assertTrue(row.oursMillis() < row.full().millis(), row.toString());
        assertTrue(row.ratio().median() > row.full().ratio().median(), row.toString());
        NotMeasured wrong = assertInstanceOf(NotMeasured.class, only(merged, new Side(SLOW_NANOS, 3, 4)));
        assertTrue(wrong.reason().contains("differs from ours"), wrong.reason());
    }

    @Test
    void sidesOfOursThatShouldAgreeMust() {
        Duel.Ours ours = new Duel.Ours(new Side(FAST_NANOS, 3, 4), 1, new Side(SLOW_NANOS, 1, 2), true);
        assertTrue(assertThrows(DisagreementException.class, () -> only(ours, new Side(SLOW_NANOS, 3, 4)))
                .getMessage().contains("differ"));
    }
}
