package vit.kernels.peak;

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

    /** The kernels of {@link FmaChains}. */
    private enum Chains {
        TWELVE(12),
        TWENTY_FOUR(24);

        private final int count;

        Chains(int count) {
            this.count = count;
        }

        /** Runs {@code steps} fused multiply-adds on every chain: chain i counts from i to i + steps, exactly. */
        void run(int steps) {
            float highest = this == TWELVE ? FmaChains.twelve(steps, 1) : FmaChains.twentyFour(steps, 1);
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
}
