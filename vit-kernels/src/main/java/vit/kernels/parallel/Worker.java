package vit.kernels.parallel;

import vit.kernels.simd.Simd;

/**
 * One member of a running team: its number, its share of the work, and the barrier. Every kernel takes a worker as its last argument, computes that
 * worker's share, and returns. If a second kernel reads what a first one wrote, the caller puts a {@link #barrier()} between the two calls. Only the
 * thread that runs as this worker may use it.
 *
 * <p>Work is divided in one of two ways. {@link #from} and {@link #to} give a fixed share, for short work. {@link #begin} and {@link #claim} hand out
 * items until none is left. They are for work that takes longer than a worker would wait if the system had given another worker's core to some other
 * program:
 *
 * <!-- given: Worker worker, int n, double[] input, double[] output -->
 * <pre>{@code
 * worker.begin(n);
 * for (int item = worker.claim(); item >= 0; item = worker.claim()) {
 *     output[item] = Math.sqrt(input[item]);
 * }
 * }</pre>
 */
public final class Worker {

    private final Team team;
    private final int index;
    private final int count;
    private final Shares shares;
    private int loop; // number of loops begun in this run
    private final float[] lanes = new float[4 * Simd.VIRTUAL_LANES];
    private final double[] sums = new double[2 * Simd.VIRTUAL_LANES];
    private final int[] words = new int[4 * Simd.VIRTUAL_LANES];

    Worker(Team team, int index, int count, Shares shares) {
        this.team = team;
        this.index = index;
        this.count = count;
        this.shares = shares;
    }

    /** Prepares this worker for a run. */
    void reset() {
        loop = 0;
    }

    /** This worker's number, from 0 to {@link #count()} − 1. Worker 0 is the thread that called {@link Workers#run}. */
    public int index() {
        return index;
    }

    /** The number of workers in the team. */
    public int count() {
        return count;
    }

    /** Whether this is worker 0, which does what only one worker may do. */
    public boolean isFirst() {
        return index == 0;
    }

    /** The first item of this worker's fixed share of the items 0 … {@code n} − 1. The share ends before {@link #to}. */
    public int from(int n) {
        return (int) ((long) n * index / count);
    }

    /** One past the last item of this worker's fixed share of the items 0 … {@code n} − 1. */
    public int to(int n) {
        return (int) ((long) n * (index + 1) / count);
    }

    /**
     * Begins a loop over items 0 … n − 1, which {@link #claim} hands out. Every worker of the team must begin the same loops in the same order. No
     * barrier is needed between two loops.
     *
     * @throws IllegalArgumentException if {@code n} is not in 0 … {@value Shares#MAX_ITEMS}
     */
    public void begin(int n) {
        loop++;
        shares.begin(index, loop, from(n), to(n), n);
    }

    /**
     * An item of the current loop that no other worker has or will get, or −1 if none is left. A worker first gets the items of its own share in
     * ascending order. After that it gets the last items of shares whose workers have not come so far. Which worker computes an item is not
     * determined.
     */
    public int claim() {
        return shares.claim(index, loop);
    }

    /** Waits until every worker of the team has called this. After that, every worker sees what the others wrote before their calls. */
    public void barrier() {
        team.barrier(index);
    }

    /** An array of 64 floats that only this worker uses, for the virtual lanes of a reduction. */
    public float[] lanes() {
        return lanes;
    }

    /** An array of 32 doubles that only this worker uses, for sums over rows. */
    public double[] sums() {
        return sums;
    }

    /** An array of 64 ints that only this worker uses, for random words. */
    public int[] words() {
        return words;
    }
}
