package vit.kernels.peak;

import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.VectorOperators;
import jdk.incubator.vector.VectorSpecies;
import vit.kernels.parallel.Workers;
import vit.kernels.simd.Simd;

/**
 * The most float32 arithmetic that this machine does, in code of the same kind as the kernels': independent chains of fused
 * multiply-adds that stay in registers.
 *
 * <p>A core with p FMA pipes of latency l is busy from p·l chains on: 8 to 10 on x86, 16 on wide ARM cores. 24 chains leave
 * room for that where there are 32 vector registers (AVX-512, NEON, SVE); where there are 16 (AVX2) they would spill, and 12
 * are enough. Both are run and the faster counts. Other load on the machine can only lower a figure, so the best of many
 * short trials is the limit.
 *
 * @param threads the size of the team that ran it
 * @param bits    vector width
 * @param gflops  10⁹ floating-point operations a second, a fused multiply-add counting as two
 */
public record FmaPeak(int threads, int bits, double gflops) {

    /** Steps of one call; a small count keeps the warm-up short and still makes the loop's ends cheap. */
    private static final int STEPS = 2048;

    private static final int WARM_UP_STEPS = 4;
    private static final int WARM_UP_CALLS = 20_000;
    private static final int TRIALS = 40;
    private static final long TRIAL_NANOS = 5_000_000;

    /** The kernels below. */
    private enum Chains {
        TWELVE(12),
        TWENTY_FOUR(24);

        private final int count;

        Chains(int count) {
            this.count = count;
        }

        /** Runs {@code steps} fused multiply-adds on every chain: chain i counts from i to i + steps, exactly. */
        void run(int steps) {
            float highest = this == TWELVE ? chains12(steps, 1) : chains24(steps, 1);
            if (highest != count - 1 + steps) {
                throw new IllegalStateException("the peak probe counted to " + highest + " instead of " + (count - 1 + steps));
            }
        }
    }

    /**
     * Measures the limit of {@code team}, all of its threads at work. Takes about half a second.
     *
     * @throws IllegalStateException if a result is wrong
     */
    public static FmaPeak measure(Workers team) {
        double best = 0;
        for (Chains chains : Chains.values()) {
            team.run(w -> warmUp(chains));
            for (int trial = 0; trial < TRIALS; trial++) {
                best = Math.max(best, trial(chains, team, TRIAL_NANOS));
            }
        }
        return new FmaPeak(team.count(), Simd.BITS, best);
    }

    /**
     * The limit at this moment, with the clock and the neighbours of this moment: to be compared with work done just before or after, where
     * {@link #gflops} is what the machine does at its best. Both kernels run and the faster counts, as in {@link #measure}; it is not
     * always the one that was faster then, since C2 compiles them anew when they have run longer (on a Zen 5 the 12 chains at half the speed).
     *
     * @param team  of as many threads as were measured
     * @param nanos how long to run, about
     * @return 10⁹ floating-point operations a second
     * @throws IllegalArgumentException if the team has another size
     */
    public double gflopsNow(Workers team, long nanos) {
        if (team.count() != threads) {
            throw new IllegalArgumentException("a team of " + team.count() + " instead of " + threads);
        }
        double best = 0;
        for (Chains chains : Chains.values()) {
            best = Math.max(best, trial(chains, team, nanos / Chains.values().length));
        }
        return best;
    }

    private static void warmUp(Chains chains) {
        for (int call = 0; call < WARM_UP_CALLS; call++) {
            chains.run(WARM_UP_STEPS);
        }
    }

    /** 10⁹ operations a second of one trial: what all members did, over the time until the last was done. */
    private static double trial(Chains chains, Workers team, long nanos) {
        long[] calls = new long[team.count()];
        long start = System.nanoTime();
        team.run(w -> calls[w.index()] = work(chains, start, nanos));
        long elapsed = System.nanoTime() - start;
        long total = 0;
        for (long count : calls) {
            total += count;
        }
        return total * (2.0 * STEPS * chains.count * Simd.LANES) / elapsed;
    }

    private static long work(Chains chains, long start, long nanos) {
        long calls = 0;
        do {
            chains.run(STEPS);
            calls++;
        } while (System.nanoTime() - start < nanos);
        return calls;
    }

    // The chains are named locals, since C2 does not keep an array's elements in registers. The accumulator is the addend:
    // C2's fused multiply-add overwrites its addend, so in any other place every one costs a register copy (seen on Zen 3:
    // 66 to 91 GFLOP/s that way, 103 this way, 103 in C).

    private static float chains12(int steps, float one) {
        VectorSpecies<Float> species = Simd.SPECIES;
        FloatVector a = FloatVector.broadcast(species, one);
        FloatVector b = a;
        FloatVector acc0 = FloatVector.broadcast(species, 0f);
        FloatVector acc1 = FloatVector.broadcast(species, 1f);
        FloatVector acc2 = FloatVector.broadcast(species, 2f);
        FloatVector acc3 = FloatVector.broadcast(species, 3f);
        FloatVector acc4 = FloatVector.broadcast(species, 4f);
        FloatVector acc5 = FloatVector.broadcast(species, 5f);
        FloatVector acc6 = FloatVector.broadcast(species, 6f);
        FloatVector acc7 = FloatVector.broadcast(species, 7f);
        FloatVector acc8 = FloatVector.broadcast(species, 8f);
        FloatVector acc9 = FloatVector.broadcast(species, 9f);
        FloatVector acc10 = FloatVector.broadcast(species, 10f);
        FloatVector acc11 = FloatVector.broadcast(species, 11f);
        for (int step = 0; step < steps; step++) {
            acc0 = a.fma(b, acc0);
            acc1 = a.fma(b, acc1);
            acc2 = a.fma(b, acc2);
            acc3 = a.fma(b, acc3);
            acc4 = a.fma(b, acc4);
            acc5 = a.fma(b, acc5);
            acc6 = a.fma(b, acc6);
            acc7 = a.fma(b, acc7);
            acc8 = a.fma(b, acc8);
            acc9 = a.fma(b, acc9);
            acc10 = a.fma(b, acc10);
            acc11 = a.fma(b, acc11);
        }
        FloatVector max0 = acc0.max(acc1).max(acc2.max(acc3));
        FloatVector max1 = acc4.max(acc5).max(acc6.max(acc7));
        FloatVector max2 = acc8.max(acc9).max(acc10.max(acc11));
        return max0.max(max1).max(max2).reduceLanes(VectorOperators.MAX);
    }

    private static float chains24(int steps, float one) {
        VectorSpecies<Float> species = Simd.SPECIES;
        FloatVector a = FloatVector.broadcast(species, one);
        FloatVector b = a;
        FloatVector acc0 = FloatVector.broadcast(species, 0f);
        FloatVector acc1 = FloatVector.broadcast(species, 1f);
        FloatVector acc2 = FloatVector.broadcast(species, 2f);
        FloatVector acc3 = FloatVector.broadcast(species, 3f);
        FloatVector acc4 = FloatVector.broadcast(species, 4f);
        FloatVector acc5 = FloatVector.broadcast(species, 5f);
        FloatVector acc6 = FloatVector.broadcast(species, 6f);
        FloatVector acc7 = FloatVector.broadcast(species, 7f);
        FloatVector acc8 = FloatVector.broadcast(species, 8f);
        FloatVector acc9 = FloatVector.broadcast(species, 9f);
        FloatVector acc10 = FloatVector.broadcast(species, 10f);
        FloatVector acc11 = FloatVector.broadcast(species, 11f);
        FloatVector acc12 = FloatVector.broadcast(species, 12f);
        FloatVector acc13 = FloatVector.broadcast(species, 13f);
        FloatVector acc14 = FloatVector.broadcast(species, 14f);
        FloatVector acc15 = FloatVector.broadcast(species, 15f);
        FloatVector acc16 = FloatVector.broadcast(species, 16f);
        FloatVector acc17 = FloatVector.broadcast(species, 17f);
        FloatVector acc18 = FloatVector.broadcast(species, 18f);
        FloatVector acc19 = FloatVector.broadcast(species, 19f);
        FloatVector acc20 = FloatVector.broadcast(species, 20f);
        FloatVector acc21 = FloatVector.broadcast(species, 21f);
        FloatVector acc22 = FloatVector.broadcast(species, 22f);
        FloatVector acc23 = FloatVector.broadcast(species, 23f);
        for (int step = 0; step < steps; step++) {
            acc0 = a.fma(b, acc0);
            acc1 = a.fma(b, acc1);
            acc2 = a.fma(b, acc2);
            acc3 = a.fma(b, acc3);
            acc4 = a.fma(b, acc4);
            acc5 = a.fma(b, acc5);
            acc6 = a.fma(b, acc6);
            acc7 = a.fma(b, acc7);
            acc8 = a.fma(b, acc8);
            acc9 = a.fma(b, acc9);
            acc10 = a.fma(b, acc10);
            acc11 = a.fma(b, acc11);
            acc12 = a.fma(b, acc12);
            acc13 = a.fma(b, acc13);
            acc14 = a.fma(b, acc14);
            acc15 = a.fma(b, acc15);
            acc16 = a.fma(b, acc16);
            acc17 = a.fma(b, acc17);
            acc18 = a.fma(b, acc18);
            acc19 = a.fma(b, acc19);
            acc20 = a.fma(b, acc20);
            acc21 = a.fma(b, acc21);
            acc22 = a.fma(b, acc22);
            acc23 = a.fma(b, acc23);
        }
        FloatVector max0 = acc0.max(acc1).max(acc2.max(acc3));
        FloatVector max1 = acc4.max(acc5).max(acc6.max(acc7));
        FloatVector max2 = acc8.max(acc9).max(acc10.max(acc11));
        FloatVector max3 = acc12.max(acc13).max(acc14.max(acc15));
        FloatVector max4 = acc16.max(acc17).max(acc18.max(acc19));
        FloatVector max5 = acc20.max(acc21).max(acc22.max(acc23));
        return max0.max(max1).max(max2).max(max3).max(max4).max(max5).reduceLanes(VectorOperators.MAX);
    }
}
