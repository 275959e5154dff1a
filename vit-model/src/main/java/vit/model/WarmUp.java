package vit.model;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.concurrent.locks.LockSupport;
import vit.kernels.parallel.CallInterruptedException;
import vit.kernels.parallel.Workers;
import vit.model.config.VitConfig;
import vit.model.forward.KernelCompilation;
import vit.model.parameters.Parameter;
import vit.model.parameters.ParameterSource;

/**
 * Gets calls to full speed. The kernels are compiled by {@link KernelCompilation}; what is around them, and the kernels that it leaves out, are
 * brought past the JIT's thresholds by models of some ten thousand parameters, which run the same methods in some ten microseconds a call.
 */
final class WarmUp {

    /** The tiny model's calls end when they are steady, or after this time. */
    private static final long TINY_LIMIT_NANOS = 4_000_000_000L;

    /** All of it ends after this time. */
    private static final long LIMIT_NANOS = 8_000_000_000L;

    /** Calls of the tiny model between two looks at its speed. */
    private static final int ROUND = 250;

    /**
     * Least rounds: what runs once a call, the pooling for one, passes C2's threshold of 5000 invocations only after as many
     * calls; until then it boxes its vectors.
     */
    private static final int MIN_ROUNDS = 30;

    /** Calls of the varied model after the first round: enough to be seen in the profile, while its code is slow. */
    private static final int VARIED_CALLS = 20;

    /** Rounds without an improvement of a tenth that count as steady. */
    private static final int STEADY_ROUNDS = 4;

    /**
     * Rounds of the tiny model once C2 has little to do. While many methods wait for C2, its threshold is a multiple of 5000, and HotSpot compares
     * with it every 1024 calls of a method. Without these calls it would do so about the hundredth call of a service for the methods around everything,
     * which C2 compiles with most of a forward pass inside: 50 to 240 ms, in which two threads on two cores are one.
     */
    private static final int LATER_ROUNDS = 9;

    private static final int LATER_CALLS = 1100;

    /** After each of them, for C2. */
    private static final long LATER_PAUSE_NANOS = 30_000_000L;

    /** So many of the session's own calls in a row count as steady, each at most {@link #STEADY} times the fastest until then. */
    private static final int STEADY_CALLS = 3;

    private static final double STEADY = 1.1;

    /** Least time for its own calls: those of a small model are steady, and slow, as long as C2 is busy. */
    private static final long LEAST_OWN_NANOS = 200_000_000L;

    /** A width of a whole panel at every vector width, and a ragged one. */
    private static final int SHALLOW = 68;

    /** The same for sums of more than one block of k, and a ragged one. */
    private static final int DEEP = 772;

    /** A call of the session that is warmed up. */
    @FunctionalInterface
    interface Call {
        /**
         * Computes what the model serves.
         *
         * @param image (channels, height, width)
         * @param out   (classes), or (C) of a model without a head
         */
        void run(float[] image, float[] out);
    }

    private final VitConfig config;
    private final Workers team;
    private final Call call;
    private final long start = System.nanoTime();
    private final float[] image;
    private final float[] out;
    private int calls;
    private double first;
    private double last;

    private WarmUp(VitConfig config, Workers team, Call call) {
        this.config = config;
        this.team = team;
        this.call = call;
        image = new float[config.channels() * config.imageHeight() * config.imageWidth()];
        for (int i = 0; i < image.length; i++) {
            image[i] = (i % 17 - 8) / 8f;
        }
        out = new float[config.classes() == 0 ? config.width() : config.classes()];
    }

    /** Warms up a session of a model of this configuration; in a call of it that has entered. */
    static WarmUpReport run(VitConfig config, Workers team, Call call) {
        return new WarmUp(config, team, call).run();
    }

    private WarmUpReport run() {
        KernelCompilation.await();
        boolean ready;
        try (TinyModel plain = new TinyModel(tiny(config, 20, 20, SHALLOW), SessionOptions.threads(1));
                TinyModel varied = new TinyModel(tiny(config, 36, SHALLOW, DEEP), SessionOptions.workers(team))) {
            tiny(plain, varied, start + TINY_LIMIT_NANOS);
            own(1); // meanwhile C2 works off its queue
            for (int round = 0; round < LATER_ROUNDS; round++) {
                obeyInterrupt();
                plain.call(LATER_CALLS, start + LIMIT_NANOS);
                LockSupport.parkNanos(LATER_PAUSE_NANOS);
            }
            ready = own(STEADY_CALLS);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        return new WarmUpReport(ready, (System.nanoTime() - start) / 1e6, calls, first, last);
    }

    /** Calls the session itself until so many calls in a row were steady, and returns whether they were. */
    private boolean own(int steadyCalls) {
        long begin = System.nanoTime();
        double best = Double.POSITIVE_INFINITY;
        int steady = 0;
        do {
            obeyInterrupt();
            last = time();
            calls++;
            first = calls == 1 ? last : first;
            if (last * STEADY < best) {
                steady = 1; // the first on a new level
            } else {
                steady = last <= best * STEADY ? steady + 1 : 0;
            }
            best = Math.min(best, last);
        } while ((steady < steadyCalls || System.nanoTime() - begin < LEAST_OWN_NANOS) && System.nanoTime() - start < LIMIT_NANOS);
        return steady >= steadyCalls;
    }

    private static void obeyInterrupt() {
        if (Thread.currentThread().isInterrupted()) {
            throw new CallInterruptedException("the warm-up was interrupted");
        }
    }

    private double time() {
        long begin = System.nanoTime();
        call.run(image, out);
        return (System.nanoTime() - begin) / 1e6;
    }

    /**
     * Calls tiny models until the first is steady. It has one thread, whatever the session has: a second one would take the other core of
     * a small machine away from the compiler that everybody waits for. The other model has the team, and takes the branches that
     * the first does not; it comes early, before C2 compiles them away, and again at the end.
     */
    private static void tiny(TinyModel plain, TinyModel varied, long deadline) {
        double best = Double.POSITIVE_INFINITY;
        int steady = 0;
        for (int rounds = 0; (steady < STEADY_ROUNDS || rounds < MIN_ROUNDS) && System.nanoTime() < deadline; rounds++) {
            obeyInterrupt();
            if (rounds == 1) {
                varied.call(VARIED_CALLS, deadline);
            }
            double nanos = plain.call(ROUND, deadline);
            steady = nanos < 0.9 * best ? 0 : steady + 1;
            best = Math.min(best, nanos);
        }
        varied.call(ROUND, deadline);
    }

    /** A tiny model and what a call of it needs. */
    private static final class TinyModel implements AutoCloseable {

        private final VitModel model;
        private final VitSession session;
        private final float[] image;
        private final float[] logits;

        TinyModel(VitConfig config, SessionOptions options) throws IOException {
            model = VitModel.of(new Constant(config));
            session = model.newSession(options);
            image = new float[config.channels() * config.imageHeight() * config.imageWidth()];
            logits = new float[config.classes()];
        }

        /** Nanoseconds of {@code times} calls, fewer if the deadline passes. */
        double call(int times, long deadline) {
            long start = System.nanoTime();
            for (int i = 0; i < times && System.nanoTime() < deadline; i++) {
                session.logits(image, 1, logits);
            }
            return System.nanoTime() - start;
        }

        @Override
        public void close() {
            session.close();
            model.close();
        }
    }

    /**
     * The same kind of model, so small that interpreted calls end soon. Its dimensions are 4 above a multiple of 16 and its
     * tokens a few more than 25 or 45, so that at every vector width there are whole vectors and tiles and ragged ones: a loop that
     * warm-up does not enter is compiled as a trap, and the first real call throws the code away.
     */
    private static VitConfig tiny(VitConfig config, int imageWidth, int headDim, int mlp) {
        return config.toBuilder().image(20, imageWidth).patch(4).width(20).depth(2).heads(2).headDim(headDim).mlp(mlp).classes(20).build();
    }

    /** Small values of both signs; what they compute does not matter. */
    private record Constant(VitConfig config) implements ParameterSource {
        @Override
        public void read(Parameter parameter, float[] target) {
            for (int i = 0, size = Math.toIntExact(parameter.shape().size()); i < size; i++) {
                target[i] = (i % 13 - 6) / 64f;
            }
        }
    }
}
