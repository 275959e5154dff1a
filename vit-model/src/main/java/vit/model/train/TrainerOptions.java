package vit.model.train;

import vit.kernels.parallel.Workers;

/**
 * How a training runs; nothing of it changes a bit of the result, but a training may end without one. Immutable.
 *
 * @param threads       team that computes, the calling thread included
 * @param loaderThreads threads that decode and augment ahead
 * @param prefetch      batches that may be ready and waiting: the bound on the loader's memory
 * @param accumulate    passes in which a batch is computed: more of them, less memory
 * @param checkpointing whether activations are computed again in the backward pass: less memory, a third more arithmetic
 * @param cacheBytes    decoded images kept between epochs, at most
 * @param mostUnreadable share of all images, 0 to 1, that may be unusable: they are left out; when there are more, training ends with a fault
 */
public record TrainerOptions(int threads, int loaderThreads, int prefetch, int accumulate, boolean checkpointing, long cacheBytes,
        double mostUnreadable) {

    private static final int MAX_LOADERS = 256;

    /** A few damaged files should not cost a night; a quarter of all is no accident any more. */
    private static final double MOST_UNREADABLE = 0.25;

    public TrainerOptions {
        check("threads", threads, Workers.MAX_COUNT);
        check("loader threads", loaderThreads, MAX_LOADERS);
        check("prefetch", prefetch, 1 << 16);
        check("accumulate", accumulate, 1 << 16);
        if (cacheBytes < 0) {
            throw new IllegalArgumentException("cache of " + cacheBytes + " bytes; expected 0 or more");
        }
        if (!(mostUnreadable >= 0 && mostUnreadable <= 1)) {
            throw new IllegalArgumentException("share of unreadable images " + mostUnreadable + "; expected 0 to 1");
        }
    }

    private static void check(String name, int value, int most) {
        if (value < 1 || value > most) {
            throw new IllegalArgumentException(name + " " + value + "; expected 1 to " + most);
        }
    }

    /**
     * One loader thread beside the team, 3 batches ahead, a quarter of the heap for decoded images, a quarter of all images may be
     * unusable.
     */
    public static TrainerOptions threads(int threads) {
        return new TrainerOptions(threads, 1, 3, 1, false, Runtime.getRuntime().maxMemory() / 4, MOST_UNREADABLE);
    }

    public TrainerOptions withLoaderThreads(int value) {
        return new TrainerOptions(threads, value, prefetch, accumulate, checkpointing, cacheBytes, mostUnreadable);
    }

    public TrainerOptions withPrefetch(int value) {
        return new TrainerOptions(threads, loaderThreads, value, accumulate, checkpointing, cacheBytes, mostUnreadable);
    }

    public TrainerOptions withAccumulate(int value) {
        return new TrainerOptions(threads, loaderThreads, prefetch, value, checkpointing, cacheBytes, mostUnreadable);
    }

    public TrainerOptions withCheckpointing(boolean value) {
        return new TrainerOptions(threads, loaderThreads, prefetch, accumulate, value, cacheBytes, mostUnreadable);
    }

    public TrainerOptions withCacheBytes(long value) {
        return new TrainerOptions(threads, loaderThreads, prefetch, accumulate, checkpointing, value, mostUnreadable);
    }

    public TrainerOptions withMostUnreadable(double share) {
        return new TrainerOptions(threads, loaderThreads, prefetch, accumulate, checkpointing, cacheBytes, share);
    }
}
