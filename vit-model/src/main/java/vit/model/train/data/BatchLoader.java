package vit.model.train.data;

import java.io.IOException;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.HashMap;
import java.util.Map;
import vit.kernels.parallel.CallInterruptedException;

/**
 * Prepares batches ahead of training, on daemon threads of its own and in the memory of a fixed number of batches. A batch is one shard of a step. The place of
 * each image and its augmentation do not depend on the threads: each thread takes the next place of the next batch. An image that cannot be used is left
 * out of its batch, and those after it move up.
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

    private final BatchMaker maker;
    private final int shards; // batches of a step
    private final long batches; // where the last epoch ends
    private final Thread[] threads;

    private final Deque<Batch> free = new ArrayDeque<>();
    private final Map<Long, Filling> filling = new HashMap<>();
    private long started; // number of the batch in which places are given out next
    private int places; // given out in it
    private long taken; // number of the batch that is taken next
    private boolean closed;

    /** A batch in the making. */
    private static final class Filling {
        final Batch batch;
        int finished;
        boolean ready;
        Throwable failure;
        int failedAt;

        Filling(Batch batch) {
            this.batch = batch;
        }
    }

    /**
     * Starts the threads.
     *
     * @param owner    prefix of the threads' names
     * @param maker    makes the images
     * @param first    the first step
     * @param epochs   number of passes over all images
     * @param prefetch steps in memory
     */
    public BatchLoader(String owner, BatchMaker maker, long first, int epochs, int threadCount, int prefetch) {
        this.maker = maker;
        this.shards = maker.plan().shards();
        this.batches = (long) maker.plan().stepsPerEpoch() * epochs * shards;
        this.started = first * shards;
        this.taken = started;
        for (long i = 0; i <= (long) prefetch * shards; i++) { // one more, for the batch in use
            free.add(maker.allocate());
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
            try {
                maker.make(mine.batch, place);
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
            if (open != null && open.ready) { // it has no place
                started++;
            } else if (open != null) {
                return open;
            } else {
                try {
                    wait();
                } catch (InterruptedException e) {
                    return null; // by close
                }
            }
        }
    }

    private Filling start() {
        Batch batch = free.remove();
        maker.begin(batch, started / shards, Math.toIntExact(started % shards));
        Filling made = new Filling(batch);
        if (batch.count == 0) {
            made.ready = true;
            notifyAll();
        }
        filling.put(started, made);
        return made;
    }

    private void finish(Filling mine, int place, Throwable failure) {
        synchronized (this) {
            if (failure != null && (mine.failure == null || place < mine.failedAt)) {
                mine.failure = failure;
                mine.failedAt = place;
            }
            if (++mine.finished < mine.batch.count) {
                return;
            }
        }
        if (mine.failure == null) {
            maker.finish(mine.batch);
        }
        synchronized (this) {
            mine.ready = true;
            notifyAll();
        }
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
