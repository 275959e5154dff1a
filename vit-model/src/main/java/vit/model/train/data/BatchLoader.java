package vit.model.train.data;

import java.io.IOException;
import java.util.ArrayDeque;
import java.util.Arrays;
import java.util.Deque;
import java.util.HashMap;
import java.util.Map;
import vit.kernels.parallel.CallInterruptedException;
import vit.model.InputException;
import vit.model.train.augment.CounterRandom;
import vit.model.train.augment.CounterRandom.Purpose;
import vit.model.train.augment.Mixing;

/**
 * Prepares batches ahead of training, on daemon threads of its own and in the memory of a fixed number of batches. The place of each image and its
 * augmentation do not depend on the threads: each thread takes the next place of the next batch. An image that cannot be used is left out of its
 * batch, and those after it move up.
 *
 * <pre>
 *   Batch batch = loader.take();
 *   …
 *   loader.release(batch);
 * </pre>
 *
 * {@link #take} and {@link #release} are for one thread only.
 */
public final class BatchLoader implements AutoCloseable {

    /** The order of images in an epoch, in batches of a fixed size but for the last. */
    private final SampleMaker samples;
    private final int batchSize;
    private final long batches; // where the last epoch ends
    private final int batchesPerEpoch;
    private final boolean shuffled;
    private final Mixing mixing;
    private final long seed;
    private final Thread[] threads;

    private final Deque<Batch> free = new ArrayDeque<>();
    private final Map<Long, Filling> filling = new HashMap<>();
    private long started; // number of the batch in which places are given out next
    private int places; // given out in it
    private long taken; // number of the batch that is taken next
    private int[] order; // of the epoch in which places are given out
    private boolean closed;

    /** A batch in the making. */
    private static final class Filling {
        final Batch batch;
        final int[] indices;
        final int epoch;
        int finished;
        boolean ready;
        Throwable failure;
        int failedAt;

        Filling(Batch batch, int[] indices, int epoch) {
            this.batch = batch;
            this.indices = indices;
            this.epoch = epoch;
        }
    }

    /**
     * Starts the threads.
     *
     * @param owner    prefix of the threads' names
     * @param first    number of the first batch
     * @param epochs   number of passes over all images
     * @param prefetch batches in memory
     */
    public BatchLoader(String owner, SampleMaker samples, int batchSize, long first, int epochs, boolean shuffled, Mixing mixing, int threadCount, int prefetch) {
        this.samples = samples;
        this.batchSize = batchSize;
        this.batchesPerEpoch = batchesPerEpoch(samples.images().size(), batchSize);
        this.batches = (long) batchesPerEpoch * epochs;
        this.shuffled = shuffled;
        this.mixing = mixing;
        this.seed = samples.seed();
        this.started = first;
        this.taken = first;
        int classes = samples.images().classes().size();
        for (int i = 0; i <= prefetch; i++) { // one more, for the batch in use
            free.add(new Batch(Math.min(batchSize, samples.images().size()), samples.imageElements(), classes, mixing.isActive()));
        }
        threads = new Thread[threadCount];
        for (int i = 0; i < threadCount; i++) {
            threads[i] = Thread.ofPlatform().daemon().name(owner + "-loader-" + i).unstarted(this::work);
        }
        boolean running = false;
        try {
            for (Thread thread : threads) {
                thread.start();
            }
            running = true;
        } finally {
            if (!running) {
                close(); // joining a thread that has not started returns at once
            }
        }
    }

    /** Batches that it takes to see every image once. */
    public static int batchesPerEpoch(int images, int batchSize) {
        return (images + batchSize - 1) / batchSize;
    }

    private void work() {
        while (true) {
            Filling mine;
            int place;
            synchronized (this) {
                mine = nextPlace();
                if (mine == null) {
                    return;
                }
                place = places++;
                if (places == mine.batch.count) {
                    places = 0;
                    started++;
                }
            }
            Throwable failure = null;
            int index = mine.indices[place];
            try {
                mine.batch.labels[place] = samples.images().label(index);
                samples.make(mine.epoch, index, mine.batch.images, place * samples.imageElements());
            } catch (IOException | RuntimeException | Error e) {
                failure = e;
            }
            finish(mine, place, failure);
        }
    }

    /** The batch that has the next free place; waits for memory. Null if all batches are done. */
    private Filling nextPlace() {
        while (true) {
            if (closed || started >= batches) {
                return null;
            }
            Filling open = filling.get(started);
            if (open == null && !free.isEmpty()) {
                open = start();
            }
            if (open != null) {
                return open;
            }
            try {
                wait();
            } catch (InterruptedException e) {
                return null; // by close
            }
        }
    }

    private Filling start() {
        int epoch = Math.toIntExact(started / batchesPerEpoch);
        int from = Math.toIntExact(started % batchesPerEpoch) * batchSize;
        if (order == null || from == 0) {
            order = order(samples.images().size(), epoch);
        }
        Batch batch = free.remove();
        batch.unreadable.clear();
        int[] indices = Arrays.copyOfRange(order, from, Math.min(from + batchSize, order.length));
        batch.number = started;
        batch.count = indices.length;
        Filling made = new Filling(batch, indices, epoch);
        filling.put(started, made);
        return made;
    }

    private int[] order(int size, int epoch) {
        int[] indices = new int[size];
        Arrays.setAll(indices, i -> i);
        if (shuffled) {
            new CounterRandom(seed, Purpose.ORDER, epoch, 0).shuffle(indices);
        }
        return indices;
    }

    private void finish(Filling mine, int place, Throwable failure) {
        synchronized (this) {
            if (failure instanceof InputException unusable) {
                mine.batch.unreadable.put(mine.indices[place], unusable);
            } else if (failure != null && (mine.failure == null || place < mine.failedAt)) {
                mine.failure = failure;
                mine.failedAt = place;
            }
            if (++mine.finished < mine.batch.count) {
                return;
            }
        }
        if (!mine.batch.unreadable.isEmpty()) {
            moveUp(mine);
        }
        if (mine.failure == null && mixing.isActive()) {
            mix(mine);
        }
        synchronized (this) {
            mine.ready = true;
            notifyAll();
        }
    }

    /** Closes the gaps that unusable images left. */
    private void moveUp(Filling mine) {
        Batch batch = mine.batch;
        int elements = samples.imageElements();
        int kept = 0;
        for (int place = 0; place < batch.count; place++) {
            if (!batch.unreadable.containsKey(mine.indices[place])) {
                System.arraycopy(batch.images, place * elements, batch.images, kept * elements, elements);
                batch.labels[kept++] = batch.labels[place];
            }
        }
        batch.count = kept;
    }

    private void mix(Filling mine) {
        Batch batch = mine.batch;
        int classes = samples.images().classes().size();
        Arrays.fill(batch.targets, 0, batch.count * classes, 0);
        for (int b = 0; b < batch.count; b++) {
            batch.targets[b * classes + batch.labels[b]] = 1;
        }
        CounterRandom random = new CounterRandom(seed, Purpose.MIX, mine.epoch, Math.toIntExact(batch.number % batchesPerEpoch));
        mixing.apply(batch.images, batch.targets, batch.count, samples.imageElements() / samples.config().imageHeight() / samples.config().imageWidth(),
                samples.config().imageHeight(), samples.config().imageWidth(), classes, random);
    }

    /**
     * The next batch, in order; waits for it.
     *
     * @throws IOException the exception of the first image that could not be prepared, unless the image itself was at fault
     * @throws CallInterruptedException if the thread is interrupted, whether or not it has to wait; its interrupt status is kept
     */
    public Batch take() throws IOException {
        if (Thread.currentThread().isInterrupted()) {
            throw new CallInterruptedException("interrupted before the next images");
        }
        Filling next;
        synchronized (this) {
            while ((next = filling.get(taken)) == null || !next.ready) {
                if (taken >= batches || closed) {
                    throw new IllegalStateException("there are no more batches");
                }
                try {
                    wait();
                } catch (InterruptedException e) {
                    throw CallInterruptedException.restoring("interrupted while waiting for images");
                }
            }
            filling.remove(taken++);
        }
        switch (next.failure) {
            case null -> {
                return next.batch;
            }
            case IOException e -> throw e;
            case RuntimeException e -> throw e;
            default -> throw (Error) next.failure;
        }
    }

    /** Returns a batch's memory to the loader. */
    public synchronized void release(Batch batch) {
        free.add(batch);
        notifyAll();
    }

    /** Ends the threads and waits for them. */
    @Override
    public void close() {
        synchronized (this) {
            closed = true;
            notifyAll();
        }
        boolean interrupted = false;
        for (Thread thread : threads) {
            thread.interrupt();
            while (true) {
                try {
                    thread.join();
                    break;
                } catch (InterruptedException e) {
                    interrupted = true;
                }
            }
        }
        if (interrupted) {
            Thread.currentThread().interrupt();
        }
    }
}
