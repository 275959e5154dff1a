package vit.kernels.peak;

import vit.kernels.parallel.Workers;
import vit.kernels.simd.Simd;

/**
 * The highest rate of float32 arithmetic that this machine reaches in code of the same kind as the kernels': independent chains of fused
 * multiply-adds that stay in registers.
 *
 * <p>A core with p FMA pipes of latency l needs p·l chains to be fully busy: 8 to 10 on x86, 16 on wide ARM cores. 24 chains are more than enough and
 * fit 32 vector registers (AVX-512, NEON, SVE). With 16 registers (AVX2) they would spill, and 12 are enough. Both numbers are run, and the faster
 * counts. Other load on the machine can only lower a figure, so the best of many short trials is the limit.
 *
 * @param threads the size of the team that ran it
 * @param bits    vector width
 * @param gflops  10⁹ floating-point operations a second, a fused multiply-add counting as two
 */
public record FmaPeak(int threads, int bits, double gflops) {

    /** Steps of one call; few enough to keep the warm-up short, and enough to make the code around the loop negligible. */
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
     * Measures the limit of {@code team} with all of its threads at work. It takes about half a second.
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
     * The limit at this moment, at the current clock and with the current load of neighbours. It is to be compared with work done just before or
     * after, while {@link #gflops} is what the machine does at its best. Both kernels run and the faster counts, as in {@link #measure}. It is not
     * always the kernel that was faster then, because C2 compiles them again when they have run longer (on a Zen 5, the 12 chains at half the speed).
     *
     * @param team  a team of as many threads as was measured
     * @param nanos roughly how long to run
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

    /** 10⁹ operations a second of one trial: the work of all members, divided by the time until the last one was done. */
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
