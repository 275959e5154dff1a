package vit.bench.load;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** The simulated queue against what is known in closed form. */
class QueueSimulationTest {

    private static final double COST_MILLIS = 10;

    private static QueueSimulation.Outcome run(Arrivals.Schedule schedule, double cost, int servers, double warmUp, double seconds) {
        return QueueSimulation.run(List.of(schedule), cost, servers, warmUp, seconds);
    }

    /**
     * Pollaczek and Khinchine: with one server of rate μ and equal service times the mean wait is ρ / (2μ(1 − ρ)). The tolerance is twice the largest deviation
     * that was seen among 20 seeds at this number of arrivals, a million. It grows with the load, because neighbours wait for the same reason.
     */
    @ParameterizedTest
    @CsvSource({"0.1, 0.02", "0.5, 0.02", "0.7, 0.02", "0.9, 0.06"})
    void meanWaitOfOneServerIsThatOfTheFormula(double load, double tolerance) {
        double rate = load * 1e3 / COST_MILLIS;
        QueueSimulation.Outcome outcome = run(Arrivals.POISSON.schedule(rate, 3), COST_MILLIS, 1, 100, 1e6 / rate);
        double formula = load / (2 * (1 / COST_MILLIS) * (1 - load));
        System.out.printf("M/D/1 at %.1f: mean wait %.3f ms, formula %.3f ms%n", load, outcome.waiting().mean(), formula);
        assertEquals(formula, outcome.waiting().mean(), tolerance * formula);
        assertEquals(formula + COST_MILLIS, outcome.latency().mean(), tolerance * (formula + COST_MILLIS));
    }

    @Test
    void equalIntervalsBelowTheCapacityNeverWait() {
        QueueSimulation.Outcome outcome = run(Arrivals.CONSTANT.schedule(180, 1), COST_MILLIS, 2, 0, 10);
        assertEquals(0, outcome.waiting().max(), 1e-9);
        assertEquals(COST_MILLIS, outcome.latency().p999(), 1e-9);
    }

    /** At twice the capacity of two servers, request i of each server begins at 10·i ms and has arrived at 5·i ms. */
    @Test
    void waitsGrowBeyondTheCapacity() {
        QueueSimulation.Outcome outcome = run(Arrivals.CONSTANT.schedule(400, 1), COST_MILLIS, 2, 0, 1);
        assertEquals(10 * 199 - 2.5 * 398, outcome.waiting().max(), 1e-6);
    }

    /** A second part neither waits for the first one's queue nor hides it. */
    @Test
    void everyScheduleBeginsWithAnEmptyQueue() {
        Percentiles one = run(Arrivals.CONSTANT.schedule(400, 1), COST_MILLIS, 2, 0, 1).waiting();
        Percentiles two = QueueSimulation.run(List.of(Arrivals.CONSTANT.schedule(400, 1), Arrivals.CONSTANT.schedule(400, 2)), COST_MILLIS, 2, 0, 1).waiting();
        assertEquals(one, two);
    }

    @Test
    void twoServersWaitLessThanOneOfTwiceTheSpeedWouldInAll() {
        double one = run(Arrivals.POISSON.schedule(140, 1), COST_MILLIS / 2, 1, 0, 1000).waiting().mean();
        double two = run(Arrivals.POISSON.schedule(140, 1), COST_MILLIS, 2, 0, 1000).waiting().mean();
        assertTrue(two < one * 2 && two > one / 2, two + " and " + one);
    }
}
