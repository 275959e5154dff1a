package vit.model.service;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.function.LongSupplier;
import jdk.jfr.FlightRecorder;
import vit.kernels.parallel.CallInterruptedException;
import vit.model.VitModel;
import vit.model.WarmUpReport;
import vit.model.config.VitConfig;

/** Opens the sessions of a model, warms them up, and measures what passes cost while all of them compute at once, as under load. */
final class GenerationFactory {

    /** Opens the session of a worker; the name is that of its threads. */
    @FunctionalInterface
    interface Opener {
        Engine open(VitModel model, ServiceOptions options, String name);
    }

    /** A model that is ready to serve. */
    record Warm(Generation generation, WarmUpReport report) {}

    /** Timed passes of every session for a batch of one, and for a larger one. */
    private static final int RUNS = 5;
    private static final int BATCH_RUNS = 3;

    private final ServiceOptions options;
    private final LongSupplier clock;
    private final Opener opener;
    private final String name;

    /** @param name the service's, for threads */
    GenerationFactory(ServiceOptions options, LongSupplier clock, Opener opener, String name) {
        this.options = options;
        this.clock = clock;
        this.opener = opener;
        this.name = name;
    }

    /** The name of a worker's thread. */
    static String threadName(String service, int worker) {
        return service + "-session-" + (worker + 1);
    }

    /** Callers' arrays fit the current model, so a model in its place must have the same sizes. */
    static void checkFits(VitConfig current, VitConfig next) {
        if (!sizes(next).equals(sizes(current))) {
            throw new IllegalArgumentException("a model of " + sizes(next) + " in the place of one of " + sizes(current) + "; start another service for it");
        }
    }

    private static String sizes(VitConfig config) {
        return config.channels() + " × " + config.imageHeight() + " × " + config.imageWidth() + " pixels, "
                + (config.isProjection() ? "no" : config.classes()) + " classes and embeddings of " + config.embeddingWidth();
    }

    /**
     * Makes a model ready. Takes a few seconds.
     *
     * @throws CallInterruptedException if the thread is interrupted; nothing is left open, but for the model
     */
    Warm warm(VitModel model) {
        Engine[] engines = new Engine[options.sessions()];
        WarmUpEvent event = FlightRecorder.isInitialized() ? WarmUpEvent.begun() : null;
        boolean done = false;
        try {
            for (int i = 0; i < engines.length; i++) {
                engines[i] = opener.open(model, options, threadName(name, i));
            }
            WarmUpReport report = engines[0].warmUp(); // the others run the same code
            long[] costs = measure(model, engines);
            if (event != null) {
                event.commit(engines.length, report, costs);
            }
            done = true;
            return new Warm(new Generation(model, engines, new CostTable(costs)), report);
        } finally {
            if (!done) {
                Generation.close(engines);
            }
        }
    }

    /** Nanoseconds of a pass over 1, 2, … images; powers of two and the limit are measured, and what is between them interpolated. */
    private long[] measure(VitModel model, Engine[] engines) {
        long[] costs = new long[options.batchLimit()];
        int below = 1;
        for (int size = 1; size <= costs.length; size = size == costs.length ? size + 1 : Math.min(2 * size, costs.length)) {
            costs[size - 1] = measure(model, engines, size);
            for (int between = below + 1; between < size; between++) {
                costs[between - 1] = costs[below - 1] + (costs[size - 1] - costs[below - 1]) * (between - below) / (size - below);
            }
            below = size;
        }
        return costs;
    }

    /** The median time of a pass over {@code size} images, all sessions computing at once. */
    private long measure(VitModel model, Engine[] engines, int size) {
        int runs = size == 1 ? RUNS : BATCH_RUNS;
        long[] times = new long[engines.length * runs];
        Throwable[] failures = new Throwable[engines.length];
        Batch[] batches = new Batch[engines.length];
        for (int i = 0; i < engines.length; i++) {
            batches[i] = batch(model.config(), size); // here, so that it fails on the thread that waits
        }
        List<Thread> threads = new ArrayList<>();
        AtomicBoolean stopped = new AtomicBoolean();
        try {
            for (int i = 0; i < engines.length; i++) {
                int session = i;
                Runnable passes = () -> failures[session] = time(engines[session], batches[session], times, session * runs, runs, stopped);
                if (i == engines.length - 1) {
                    passes.run();
                } else {
                    threads.add(Thread.ofPlatform().daemon().name(name + "-measurement-" + (i + 1)).start(passes));
                }
            }
        } finally {
            joinAll(threads, stopped);
        }
        for (Throwable failure : failures) {
            switch (failure) {
                case null -> { }
                case RuntimeException e -> throw e;
                case Error e -> throw e;
                default -> throw new IllegalStateException(failure);
            }
        }
        Arrays.sort(times);
        return Math.max(1, times[times.length / 2]);
    }

    /**
     * Times passes after one that is not timed; returns the failure if there is one, and throws nothing.
     *
     * @param stopped ends all measurements after their pass; set as well, if this thread is interrupted
     */
    private Throwable time(Engine engine, Batch batch, long[] times, int from, int runs, AtomicBoolean stopped) {
        try {
            for (int run = -1; run < runs && !stopped.get(); run++) {
                if (Thread.currentThread().isInterrupted()) {
                    stopped.set(true);
                    break;
                }
                long begin = clock.getAsLong();
                engine.run(batch);
                if (run >= 0) {
                    times[from + run] = clock.getAsLong() - begin;
                }
                for (int i = 0; i < batch.size; i++) {
                    if (batch.members[i].failure != null) {
                        return batch.members[i].failure;
                    }
                }
            }
            return null;
        } catch (Throwable e) {
            return e;
        }
    }

    private static void joinAll(List<Thread> threads, AtomicBoolean stopped) {
        boolean interrupted = Thread.interrupted();
        for (Thread thread : threads) {
            while (true) {
                try {
                    thread.join(); // a few passes
                    break;
                } catch (InterruptedException e) {
                    interrupted = true;
                    stopped.set(true);
                }
            }
        }
        if (interrupted) {
            throw CallInterruptedException.restoring("the warm-up was interrupted");
        }
    }

    /** A batch of images that no one has sent: small values of both signs, as normalised pixels are. */
    private static Batch batch(VitConfig config, int size) {
        Batch batch = new Batch(size);
        float[] pixels = new float[SessionEngine.imageElements(config)];
        for (int i = 0; i < pixels.length; i++) {
            pixels[i] = (i % 17 - 8) / 8f;
        }
        for (int i = 0; i < size; i++) {
            Ticket ticket = new Ticket();
            ticket.output = config.classes() > 0 ? Ticket.Output.LOGITS : Ticket.Output.EMBEDDING;
            ticket.pixels = pixels;
            ticket.logits = new float[config.classes()];
            ticket.embedding = new float[config.embeddingWidth()];
            batch.members[i] = ticket;
        }
        batch.size = size;
        return batch;
    }
}
