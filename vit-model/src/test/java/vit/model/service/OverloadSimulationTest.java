package vit.model.service;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.Arrays;
import java.util.Random;
import org.junit.jupiter.api.Test;
import vit.model.service.RequestRefusedException.Reason;

/**
 * A service under Poisson arrivals, in simulated time: two sessions, passes of about ten milliseconds that vary as those of a ViT do (the 99th percentile is
 * 1.1 times the median), and a deadline of a quarter of a second.
 */
class OverloadSimulationTest {

    private static final long MILLISECOND = 1_000_000;
    private static final long PASS = 10 * MILLISECOND;
    private static final int SESSIONS = 2;
    private static final long DEADLINE = 250 * MILLISECOND;
    private static final int ARRIVALS = 40_000;

    /** So many requests may be late before the service knows how its machine swings. */
    private static final int WHILE_LEARNING = 30;

    /** So many passes begin in half a second. */
    private static final int HALF_SECOND = 100;

    /** Batches that save nothing, and batches that save as much as was measured on processors at best: 8 % for 4 images. */
    private static final long[] EVEN = {PASS, 2 * PASS, 3 * PASS, 4 * PASS};
    private static final long[] SAVING = {PASS, 2 * PASS - PASS / 10, 3 * PASS - PASS / 5, 4 * PASS - 3 * PASS / 10};
    private static final long[] LITTLE = {PASS, 2 * PASS - PASS / 20, 3 * PASS - PASS / 10, 4 * PASS - 3 * PASS / 20};

    /** What a run gave; times in seconds, rates in images per second. */
    private record Outcome(double inTime, long late, long admitted, long expired, long computedLate, double latency, double meanBatch) {}

    /** @param load arrivals over the capacity without batches */
    private static Outcome simulate(long[] costs, double load, long seed) throws RequestRefusedException {
        return simulate(costs, load, seed, 0);
    }

    /** @param swing how much the speed of the machine swings, as the standard deviation of its logarithm; it changes in about half a second */
    private static Outcome simulate(long[] costs, double load, long seed, double swing) throws RequestRefusedException {
        double slowness = 0;
        Random random = new Random(seed);
        Desk desk = Desk.of(SESSIONS, costs);
        Batch[] running = new Batch[SESSIONS];
        long[] ends = new long[SESSIONS];
        double gap = PASS / (SESSIONS * load);
        double next = 0;
        int arrived = 0;
        long admitted = 0;
        double latency = 0;
        long computedLate = 0;
        while (true) {
            int ending = ends[1] < ends[0] && running[1] != null || running[0] == null ? 1 : 0;
            boolean passEnds = running[ending] != null && (arrived == ARRIVALS || ends[ending] <= next);
            if (!passEnds && arrived == ARRIVALS) {
                break;
            }
            if (passEnds) {
                desk.time.now = ends[ending];
                for (int i = 0; i < running[ending].size; i++) {
                    latency += desk.time.now - running[ending].members[i].arrived;
                }
                desk.finish(ending, running[ending]);
                running[ending] = null;
            } else {
                desk.time.now = (long) next;
                next += -Math.log(1 - random.nextDouble()) * gap;
                arrived++;
                admitted += desk.refusal(desk.ticket(DEADLINE)) == null ? 1 : 0;
            }
            for (int worker = 0; worker < SESSIONS; worker++) {
                if (running[worker] == null) {
                    Batch batch = desk.next(worker);
                    if (batch.size == 0) {
                        continue;
                    }
                    for (int i = 0; i < batch.size; i++) {
                        computedLate += batch.members[i].deadline <= desk.time.now ? 1 : 0;
                    }
                    running[worker] = batch;
                    slowness += -slowness / HALF_SECOND + swing * Math.sqrt(2.0 / HALF_SECOND) * random.nextGaussian();
                    ends[worker] = desk.time.now + Math.round(costs[batch.size - 1] * Math.exp(slowness + 0.04 * random.nextGaussian()));
                }
            }
        }
        ServiceStatistics statistics = desk.statistics();
        assertEquals(admitted, statistics.answered() + statistics.refused().get(Reason.EXPIRED));
        return new Outcome((statistics.answered() - statistics.late()) / (desk.time.now / 1e9), statistics.late(), admitted, statistics.refused().get(Reason.EXPIRED),
                computedLate, latency / statistics.answered() / 1e9, statistics.batchImages().mean());
    }

    private static final double CAPACITY = SESSIONS * 1e9 / PASS;

    @Test
    void overloadIsAnsweredInTimeAtFullCapacity() throws RequestRefusedException {
        for (double load : new double[] {2, 10}) {
            for (long[] costs : new long[][] {EVEN, SAVING}) {
                Outcome outcome = simulate(costs, load, 1);
                System.out.println("load " + load + ": " + outcome);
                assertTrue(outcome.inTime >= 0.95 * CAPACITY, outcome::toString);
                assertTrue(outcome.late + outcome.expired <= 0.01 * outcome.admitted, outcome::toString);
                assertEquals(0, outcome.computedLate);
            }
        }
    }

    /** Neighbours on the machine make the next quarter of a second hard to predict. The service then keeps a shorter queue. */
    @Test
    void aMachineWhoseSpeedSwingsMakesFewRequestsLate() throws RequestRefusedException {
        for (double load : new double[] {2, 10}) {
            for (double swing : new double[] {0.05, 0.1, 0.2}) {
                Outcome outcome = simulate(EVEN, load, 4, swing);
                System.out.println("load " + load + ", speed swings by " + swing + ": " + outcome);
                assertTrue(outcome.inTime >= 0.95 * CAPACITY * Math.exp(-swing * swing / 2), outcome::toString);
                assertTrue(outcome.late + outcome.expired <= 0.01 * outcome.admitted + WHILE_LEARNING, outcome::toString);
            }
        }
    }

    @Test
    void batchesNeverCostLatency() throws RequestRefusedException {
        for (double load : new double[] {0.1, 0.3, 0.5, 0.7, 0.9, 1, 1.1, 1.3, 1.5}) {
            Outcome without = simulate(Arrays.copyOf(SAVING, 1), load, 2);
            Outcome with = simulate(SAVING, load, 2);
            System.out.println("load " + load + " without batches: " + without + ", with: " + with);
            assertTrue(with.latency <= 1.02 * without.latency, load + ": " + with + " " + without);
            assertTrue(with.inTime >= 0.98 * without.inTime, load + ": " + with + " " + without);
        }
    }

    @Test
    void saturationReachesTheThroughputOfTheBestBatch() throws RequestRefusedException {
        for (long[] costs : new long[][] {SAVING, LITTLE}) {
            double best = SESSIONS * 4e9 / costs[3];
            Outcome outcome = simulate(costs, 1.5, 3);
            System.out.println("best batch " + best + " images/s: " + outcome);
            assertTrue(outcome.inTime >= 0.98 * best, outcome + ", " + best);
        }
    }
}
