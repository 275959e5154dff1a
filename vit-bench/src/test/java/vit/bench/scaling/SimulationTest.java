package vit.bench.scaling;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;

class SimulationTest {

    private static final double EPS = 1e-12;

    private static Simulation.Outcome run(int workers, double claim, double line, double barrier, double least, boolean claimed, double... seconds) {
        return Simulation.run(List.of(new Simulation.TimedRegion(List.of(new Simulation.TimedLoop(claimed, seconds, 1, 0)), least)),
                new Simulation.Team(workers, claim, line, barrier, 0));
    }

    private static double[] equal(int n, double seconds) {
        double[] items = new double[n];
        Arrays.fill(items, seconds);
        return items;
    }

    @Test
    void equalItemsTakeAsManyRoundsAsTheFullestWorkerHas() {
        for (int workers = 1; workers <= 9; workers++) {
            for (int n = 1; n <= 40; n++) {
                Simulation.Outcome outcome = run(workers, 0, 0, 0, 0, true, equal(n, 2));
                double rounds = Math.ceil((double) n / workers);
                assertEquals(2 * rounds, outcome.seconds(), EPS, n + " items, " + workers + " workers");
                assertEquals(2 * rounds - 2.0 * n / workers, outcome.idle(), EPS);
            }
        }
    }

    @Test
    void longItemAtTheEndOfAShareIsStolenAndTheOthersWaitForIt() {
        // Shares: 1 1 | 1 8. Both take an item; then worker 0 its second and worker 1 the long one: nobody can help.
        assertEquals(9, run(2, 0, 0, 0, 0, true, 1, 1, 1, 8).seconds(), EPS);
        // Shares: 4 4 | 1 1. Worker 1 is done after 2 and takes the last item of the other share.
        Simulation.Outcome helped = run(2, 0, 0, 0, 0, true, 4, 4, 1, 1);
        assertEquals(6, helped.seconds(), EPS);
        assertEquals(1, helped.idle(), EPS); // 2 of one of two workers
        // Fixed shares cannot be stolen.
        assertEquals(8, run(2, 0, 0, 0, 0, false, 4, 4, 1, 1).seconds(), EPS);
    }

    @Test
    void workersStealFromTheEnd() {
        // Shares: 3 3 9 1 | 1 1 1 1. Worker 1 is done after 4 and finds 9 1; it takes the 1 until 5, then the 9 until 14. From the front it would be 13.
        assertEquals(14, run(2, 0, 0, 0, 0, true, 3, 3, 9, 1, 1, 1, 1, 1).seconds(), EPS);
    }

    @Test
    void regionsWithoutWorkCostTheirBarriers() {
        Simulation.TimedRegion empty = new Simulation.TimedRegion(List.of(), 0);
        Simulation.Outcome outcome = Simulation.run(List.of(empty, empty, empty), new Simulation.Team(8, 1, 1, 0.5, 0.25));
        assertEquals(1.75, outcome.seconds(), EPS);
        assertEquals(1.5, outcome.barriers(), EPS);
        assertEquals(0, outcome.idle(), EPS);
    }

    @Test
    void regionTakesAtLeastTheTimeOfItsBytes() {
        Simulation.Outcome bound = run(4, 0, 0, 0, 10, true, equal(4, 1));
        assertEquals(10, bound.seconds(), EPS);
        assertEquals(9, bound.bandwidth(), EPS);
        assertEquals(3, run(4, 0, 0, 0, 2, true, equal(12, 1)).seconds(), EPS);
    }

    @Test
    void everyItemIsClaimedOnceAndEveryOtherShareIsLookedInto() {
        // Two items each; claims cost 0.5; a line costs 0.125, and each of the 3 workers looks into 2 shares before it leaves.
        Simulation.Outcome outcome = run(3, 0.5, 0.125, 0, 0, true, equal(6, 1));
        assertEquals(2 * 1.5 + 2 * 0.125, outcome.seconds(), EPS);
        assertEquals(2 * 0.5 + 2 * 0.125, outcome.claims(), EPS);
    }

    @Test
    void preparationIsDoneOncePerGroupAndWorker() {
        // Two groups of two parts. One worker prepares twice; four workers prepare four times.
        List<Simulation.TimedRegion> regions = List.of(new Simulation.TimedRegion(List.of(new Simulation.TimedLoop(true, equal(4, 1), 2, 3)), 0));
        assertEquals(4 + 6, Simulation.run(regions, new Simulation.Team(1, 0, 0, 0, 0)).seconds(), EPS);
        assertEquals(1 + 3, Simulation.run(regions, new Simulation.Team(4, 0, 0, 0, 0)).seconds(), EPS);
    }

    @Test
    void nextLoopBeginsWithoutABarrier() {
        // Worker 0 has the long item of the first loop; worker 1 computes all of the second meanwhile, except that it cannot steal before worker 0 begins it.
        Simulation.TimedLoop first = new Simulation.TimedLoop(false, new double[] {4, 1}, 1, 0);
        Simulation.TimedLoop second = new Simulation.TimedLoop(true, new double[] {1, 1}, 1, 0);
        Simulation.Outcome outcome = Simulation.run(List.of(new Simulation.TimedRegion(List.of(first, second), 0)), new Simulation.Team(2, 0, 0, 0, 0));
        assertEquals(5, outcome.seconds(), EPS);
        assertEquals(1.5, outcome.idle(), EPS);
    }

    @Test
    void predictionIsNeverBelowItsBoundsAndItsPartsAddUp() {
        SplittableRandom random = new SplittableRandom(7);
        for (int trial = 0; trial < 2000; trial++) {
            List<Simulation.TimedRegion> regions = new ArrayList<>();
            double bound = 0;
            int workers = random.nextInt(1, 20);
            double total = 0;
            double barrier = random.nextDouble();
            for (int r = random.nextInt(1, 4); r > 0; r--) {
                double[] seconds = random.doubles(random.nextInt(0, 60), 0, 3).toArray();
                double least = random.nextDouble(10);
                double longest = Arrays.stream(seconds).max().orElse(0);
                regions.add(new Simulation.TimedRegion(List.of(new Simulation.TimedLoop(random.nextBoolean(), seconds, 1, 0)), least));
                total += Arrays.stream(seconds).sum();
                bound += Math.max(Math.max(least, longest), Arrays.stream(seconds).sum() / workers) + barrier;
            }
            Simulation.Outcome o = Simulation.run(regions, new Simulation.Team(workers, 0.01, 0.01, barrier, 0.5));
            assertTrue(o.seconds() >= bound + 0.5 - 1e-9, "trial " + trial + ": " + o.seconds() + " below " + (bound + 0.5));
            assertEquals(o.seconds(), o.work() + o.claims() + o.idle() + o.bandwidth() + o.barriers() + o.serial(), 1e-9, "trial " + trial);
            assertEquals(total / workers, o.work(), 1e-9, "trial " + trial);
        }
    }
}
