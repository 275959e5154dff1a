package vit.kernels.parallel;

import vit.kernels.simd.Simd;

/**
 * One member of a running team: its number, its share of the work, and the barrier. A kernel receives it as its last
 * argument, computes its share, and returns; whoever calls two kernels of which the second reads what the first wrote
 * calls {@link #barrier()} between them. Only the thread that runs as this worker may use it.
 */
public final class Worker {

    private final Workers team;
    private final int index;
    private final int count;
    private final float[] lanes = new float[2 * Simd.VIRTUAL_LANES];
    private final int[] words = new int[4 * Simd.VIRTUAL_LANES];

    Worker(Workers team, int index, int count) {
        this.team = team;
        this.index = index;
        this.count = count;
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
