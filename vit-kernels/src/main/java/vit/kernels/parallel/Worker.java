package vit.kernels.parallel;

import vit.kernels.simd.Simd;

/**
 * One member of a running team: its number, its share of the work, and the barrier. A kernel receives it as its last
 * argument, computes its share, and returns; whoever calls two kernels of which the second reads what the first wrote
 * calls {@link #barrier()} between them. Only the thread that runs as this worker may use it.
 *
 * <p>Work is shared in one of two ways. {@link #from} and {@link #to} give a fixed share, for what is short. {@link #begin} and
 * {@link #claim} hand out items until none is left, for what takes longer than waiting for a core that the system has lent to
 * somebody else:
 *
 * <pre>{@code
 * worker.begin(n);
 * for (int item = worker.claim(); item >= 0; item = worker.claim()) {
 *     compute(item);
 * }
 * }</pre>
 */
public final class Worker {

    private final Team team;
    private final int index;
    private final int count;
    private final Shares shares;
    private int loop; // loops begun in this run
    private final float[] lanes = new float[2 * Simd.VIRTUAL_LANES];
    private final int[] words = new int[4 * Simd.VIRTUAL_LANES];

    Worker(Team team, int index, int count, Shares shares) {
        this.team = team;
        this.index = index;
        this.count = count;
        this.shares = shares;
    }

    /** Before a run. */
    void reset() {
        loop = 0;
    }

    /** This worker's number, from 0; worker 0 is the calling thread. */
    public int index() {
        return index;
    }

    /** The size of the team. */
    public int count() {
        return count;
    }

    /** Whether this is worker 0, which does what only one may do. */
    public boolean isFirst() {
        return index == 0;
    }

    /** The first of {@code n} items that are this worker's; its share ends before {@link #to}. */
    public int from(int n) {
        return (int) ((long) n * index / count);
    }

    /** One past the last of {@code n} items that are this worker's. */
    public int to(int n) {
        return (int) ((long) n * (index + 1) / count);
    }

    /**
     * Begins a loop over items 0 … n − 1, which {@link #claim} hands out. Every worker of the team begins the same loops in the same
     * order; there need be no barrier between them.
     *
     * @throws IllegalArgumentException if {@code n} is not in 0 … {@value Shares#MAX_ITEMS}
     */
    public void begin(int n) {
        loop++;
        shares.begin(index, loop, from(n), to(n), n);
    }

    /**
     * An item of the current loop that nobody else has, or −1 if none is left: first those of this worker's own share, ascending, then
     * the last ones of others that have not come so far. Which worker computes an item is not determined.
     */
    public int claim() {
        return shares.claim(index, loop);
    }

    /** Waits until every worker of the team has come here. What they wrote before is then visible to all. */
    public void barrier() {
        team.barrier(index);
    }

    /** 32 floats that are this worker's own, for the lanes of a reduction. */
    public float[] lanes() {
        return lanes;
    }

    /** 64 ints that are this worker's own, for random words. */
    public int[] words() {
        return words;
    }
}
