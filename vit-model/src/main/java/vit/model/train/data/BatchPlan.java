package vit.model.train.data;

import java.util.Arrays;
import vit.model.train.augment.CounterRandom;
import vit.model.train.augment.CounterRandom.Purpose;

/**
 * Which images each step has, and how they are divided into shards. An epoch has every image once, in an order that follows from the seed and the epoch. Shard
 * {@code s} of {@code S} has images s·n/S to (s+1)·n/S of a step's {@code n}, so where an epoch ends with a small step, some shards have no image. Any number of threads
 * may call.
 */
public final class BatchPlan {

    private final int images;
    private final int batch;
    private final int shards;
    private final long seed;
    private final boolean shuffled;
    private int[] order; // of the epoch that was asked for last; guarded by this
    private int orderOf = -1;

    /**
     * A plan for these images.
     *
     * @param images   number of images
     * @param batch    images of a step; the last step of an epoch has what is left
     * @param shards   parts of a step
     * @param seed     of the order
     * @param shuffled whether every epoch has an order of its own; otherwise images keep the order of their numbers
     */
    public BatchPlan(int images, int batch, int shards, long seed, boolean shuffled) {
        this.images = images;
        this.batch = batch;
        this.shards = shards;
        this.seed = seed;
        this.shuffled = shuffled;
    }

    /** Parts of a step. */
    public int shards() {
        return shards;
    }

    /** Steps that it takes to see every image once. */
    public int stepsPerEpoch() {
        return (images + batch - 1) / batch;
    }

    /** The epoch of a step; both are counted from 0. */
    public int epoch(long step) {
        return Math.toIntExact(step / stepsPerEpoch());
    }

    /** The number of a step in its epoch, from 0. */
    public int inEpoch(long step) {
        return Math.toIntExact(step % stepsPerEpoch());
    }

    /** Images of a step. */
    public int count(long step) {
        return Math.min(batch, images - inEpoch(step) * batch);
    }

    /** The place of the first image of a shard among those of its step. For {@code shard} = {@link #shards} it is {@link #count}. */
    public int first(long step, int shard) {
        return Math.toIntExact((long) count(step) * shard / shards);
    }

    /** The largest number of images in a shard. */
    public int mostInShard() {
        return (Math.min(batch, images) + shards - 1) / shards;
    }

    /** The numbers of a shard's images in the source. */
    int[] indices(long step, int shard) {
        int from = inEpoch(step) * batch;
        return Arrays.copyOfRange(order(epoch(step)), from + first(step, shard), from + first(step, shard + 1));
    }

    private synchronized int[] order(int epoch) {
        if (orderOf != epoch) {
            int[] indices = new int[images];
            Arrays.setAll(indices, i -> i);
            if (shuffled) {
                new CounterRandom(seed, Purpose.ORDER, epoch, 0).shuffle(indices);
            }
            order = indices;
            orderOf = epoch;
        }
        return order;
    }
}
