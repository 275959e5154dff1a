package vit.model.train;

import java.io.Serializable;
import vit.kernels.parallel.Workers;

/**
 * How a training runs. No option changes a bit of the result, but {@code mostUnreadable} may end a training without a result. Immutable.
 *
 * @param threads       threads that compute, including the calling one
 * @param loaderThreads threads that decode and augment images ahead of the computation
 * @param prefetch      batches that may be ready and waiting; this bounds the loader's memory
 * @param accumulate    passes into which a batch is divided: more passes need less memory
 * @param checkpointing whether activations are recomputed in the backward pass, which needs less memory and a third more arithmetic
 * @param cacheBytes    most bytes of decoded images that are kept between epochs
 * @param mostUnreadable share of all images, 0 to 1, that may be unusable and are then left out; if there are more, training ends with an error
 */
public record TrainerOptions(int threads, int loaderThreads, int prefetch, int accumulate, boolean checkpointing, long cacheBytes,
        double mostUnreadable) implements Serializable {

    private static final int MAX_LOADERS = 256;

    /** A few damaged files should not ruin a night's training, but a quarter of all images is no longer an accident. */
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
     * Options with this team, one loader thread beside it, 3 batches ahead, a quarter of the heap for decoded images, and up to a quarter of all
     * images unusable.
     */
    public static TrainerOptions threads(int threads) {
        return new TrainerOptions(threads, 1, 3, 1, false, Runtime.getRuntime().maxMemory() / 4, MOST_UNREADABLE);
    }

    /** These options with another number of threads that compute. */
    public TrainerOptions withThreads(int value) {
        return new TrainerOptions(value, loaderThreads, prefetch, accumulate, checkpointing, cacheBytes, mostUnreadable);
    }

    /** These options with another number of threads that decode and augment images. */
    public TrainerOptions withLoaderThreads(int value) {
        return new TrainerOptions(threads, value, prefetch, accumulate, checkpointing, cacheBytes, mostUnreadable);
    }

    /** These options with another number of batches that may be ready and waiting. */
    public TrainerOptions withPrefetch(int value) {
        return new TrainerOptions(threads, loaderThreads, value, accumulate, checkpointing, cacheBytes, mostUnreadable);
    }

    /** These options with another number of passes per batch. */
    public TrainerOptions withAccumulate(int value) {
        return new TrainerOptions(threads, loaderThreads, prefetch, value, checkpointing, cacheBytes, mostUnreadable);
    }

    /** These options, with or without activation checkpointing. */
    public TrainerOptions withCheckpointing(boolean value) {
        return new TrainerOptions(threads, loaderThreads, prefetch, accumulate, value, cacheBytes, mostUnreadable);
    }

    /** These options with another bound on the bytes of decoded images that are kept; 0: none. */
    public TrainerOptions withCacheBytes(long value) {
        return new TrainerOptions(threads, loaderThreads, prefetch, accumulate, checkpointing, value, mostUnreadable);
    }

    /** These options with another share of images that may be unusable, 0 to 1. */
    public TrainerOptions withMostUnreadable(double share) {
        return new TrainerOptions(threads, loaderThreads, prefetch, accumulate, checkpointing, cacheBytes, share);
    }
}
