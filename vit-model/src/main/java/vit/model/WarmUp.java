package vit.model;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.locks.LockSupport;
import vit.kernels.parallel.CallInterruptedException;
import vit.kernels.parallel.Workers;
import vit.kernels.simd.Implementation;
import vit.kernels.simd.NativeSpeed;
import vit.model.config.ForwardCost;
import vit.model.config.VitConfig;
import vit.model.forward.KernelCompilation;

/**
 * Brings calls to full speed. {@link KernelCompilation} compiles the kernels. This class brings the code around them, and the kernels that it leaves
 * out, past the JIT's thresholds: it calls models of some ten thousand parameters, which run the same methods in some ten microseconds per call.
 *
 * <p>Compiled code belongs to the JVM. So the small models are called once for each kind of model; a later session of the same kind only times a few calls of
 * its own.
 */
final class WarmUp {

    /** The calls of the tiny models end when their time is steady, or after this time since the start. */
    private static final long TINY_LIMIT_NANOS = 4_000_000_000L;

    /** The whole warm-up ends after this time. */
    private static final long LIMIT_NANOS = 8_000_000_000L;

    /** Tokens that each block of the tiny models merges if the session merges some. */
    private static final int TINY_MERGED = 5;

    /** Calls of the tiny model between two measurements of its speed. */
    private static final int ROUND = 250;

    /**
     * The least number of rounds. A method that runs once per call, such as the pooling, passes C2's threshold of 5000 invocations only after as many
     * calls; until then it boxes its vectors.
     */
    private static final int MIN_ROUNDS = 30;

    /** Calls of the varied model after the first round: few, because its code is still slow, but enough to appear in the profile. */
    private static final int VARIED_CALLS = 20;

    /** The tiny model is steady after this many rounds in a row without an improvement of a tenth. */
    private static final int STEADY_ROUNDS = 4;

    /**
     * Rounds of the tiny model once C2 has little left to do. While many methods wait for C2, HotSpot raises its threshold to a multiple of 5000, and it
     * compares a method's count with the threshold only every 1024 calls. Without these rounds, the outermost methods would be compiled at about the
     * hundredth call of a service. C2 inlines most of a forward pass into them, which takes it 50 to 240 ms; meanwhile two threads on two
     * cores are as fast as one.
     */
    private static final int LATER_ROUNDS = 9;

    private static final int LATER_CALLS = 1100;

    /** Pause after each of these rounds, in which C2 works. */
    private static final long LATER_PAUSE_NANOS = 30_000_000L;

    /** The session is steady after this many of its own calls in a row, each at most {@link #STEADY} times the fastest until then. */
    private static final int STEADY_CALLS = 3;

    private static final double STEADY = 1.1;

    /** The least time for the session's own calls. While C2 is busy, the calls of a small model are slow but steady. */
    private static final long LEAST_OWN_NANOS = 200_000_000L;

    /**
     * The same for a session of a kind whose code is compiled, if it is slower than was expected. The second call shows that the first was no exception.
     */
    private static final int KNOWN_STEADY_CALLS = 2;

    /** The least time for these calls, so that a small model makes more than two. */
    private static final long KNOWN_LEAST_NANOS = 50_000_000L;

    /** The kinds that a warm-up of this JVM has brought to full speed. */
    private static final Set<Kind> COMPILED = ConcurrentHashMap.newKeySet();

    /**
     * What decides which methods run, whatever the size of the model.
     *
     * @param plain   the tiny model without the dimensions of the session's own
     * @param varied  the other one
     * @param alone   whether the calling thread is the whole team, which then passes no barriers
     * @param merging whether the session merges tokens; then the tiny models do
     */
    private record Kind(VitConfig plain, VitConfig varied, boolean alone, boolean merging) {

        SessionOptions options(SessionOptions options) {
            return merging ? options.withTokenMerging(TINY_MERGED) : options;
        }
    }

    /** The milliseconds of the last call in a warm-up of this JVM: the least, if there were several. */
    private static final Map<Work, Double> FULL_SPEED = new ConcurrentHashMap<>();

    /** What decides how long a call takes at full speed. */
    private record Work(VitConfig config, ForwardCost cost, int workers) {}

    /** A call of the session that is warmed up. */
    @FunctionalInterface
    interface Call {
        /**
         * Computes the logits, or the embedding of a model without a head.
         *
         * @param image (channels, height, width)
         * @param out   (classes), or (E) for a model without a head
         */
        void run(float[] image, float[] out);
    }

    private final VitConfig config;
    private final Work work;
    private final Workers team;
    private final boolean merging;
    private final Call call;
    private final long start = System.nanoTime();
    private final float[] image;
    private final float[] out;
    private int calls;
    private double first;
    private double last;

    private WarmUp(VitConfig config, ForwardCost cost, Workers team, boolean merging, Call call) {
        this.config = config;
        this.work = new Work(config, cost, team.count());
        this.team = team;
        this.merging = merging;
        this.call = call;
        image = new float[config.channels() * config.imageHeight() * config.imageWidth()];
        for (int i = 0; i < image.length; i++) {
            image[i] = (i % 17 - 8) / 8f;
        }
        out = new float[config.classes() == 0 ? config.embeddingWidth() : config.classes()];
    }

    /**
     * Warms up a session of a model of this configuration. The session's call has begun, so no other call can come between.
     *
     * @param cost    of a call
     * @param merging whether the session merges tokens
     */
    static WarmUpReport run(VitConfig config, ForwardCost cost, Workers team, boolean merging, Call call) {
        return new WarmUp(config, cost, team, merging, call).run();
    }

    private WarmUpReport run() {
        KernelCompilation.await();
        Kind kind = new Kind(SmallModel.plain(config), SmallModel.varied(config), team.count() == 1, merging);
        boolean ready = COMPILED.contains(kind) ? asBefore() || own(KNOWN_STEADY_CALLS, KNOWN_LEAST_NANOS) : compile(kind);
        if (ready) {
            COMPILED.add(kind);
            FULL_SPEED.merge(work, last, Math::min);
        }
        List<String> warnings = Implementation.isReference() ? List.of() : NativeSpeed.obstacles();
        return new WarmUpReport(ready, (System.nanoTime() - start) / 1e6, calls, first, last, warnings);
    }

    /** Calls the tiny models until the code around the kernels is compiled, and the session until it is steady; returns whether it became so. */
    private boolean compile(Kind kind) {
        try (TinyModel plain = new TinyModel(kind.plain, kind.options(SessionOptions.threads(1)));
                TinyModel varied = new TinyModel(kind.varied, kind.options(SessionOptions.workers(team)))) {
            tiny(plain, varied, start + TINY_LIMIT_NANOS);
            own(1, LEAST_OWN_NANOS); // meanwhile C2 works through its queue
            for (int round = 0; round < LATER_ROUNDS; round++) {
                obeyInterrupt();
                plain.call(LATER_CALLS, start + LIMIT_NANOS);
                LockSupport.parkNanos(LATER_PAUSE_NANOS);
            }
            return own(STEADY_CALLS, LEAST_OWN_NANOS);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /**
     * Calls the session once, or twice if the first call was slow. Returns whether the last call took no longer than after an earlier warm-up of the same work. If
     * there was none, it calls the session twice, and returns whether the second call was as fast for its arithmetic as the fastest other work of as many threads.
     */
    private boolean asBefore() {
        Double known = FULL_SPEED.get(work);
        double before = known != null ? known : FULL_SPEED.entrySet().stream()
                .filter(other -> other.getKey().workers() == work.workers())
                .mapToDouble(other -> other.getValue() * work.cost().flops() / other.getKey().cost().flops())
                .min().orElse(0);
        if (before == 0) {
            return false;
        }
        time();
        if (known == null || last > before * STEADY) { // a smaller model may have set a speed that is easily reached
            time();
        }
        return last <= before * STEADY;
    }

    /**
     * Calls the session itself until {@code steadyCalls} calls in a row were steady, and for {@code leastNanos}, or until time is up; returns whether
     * they were steady.
     */
    private boolean own(int steadyCalls, long leastNanos) {
        long begin = System.nanoTime();
        double best = Double.POSITIVE_INFINITY;
        int steady = 0;
        do {
            obeyInterrupt();
            time();
            if (last * STEADY < best) {
                steady = 1; // the first on a new level
            } else {
                steady = last <= best * STEADY ? steady + 1 : 0;
            }
            best = Math.min(best, last);
        } while ((steady < steadyCalls || System.nanoTime() - begin < leastNanos) && System.nanoTime() - start < LIMIT_NANOS);
        return steady >= steadyCalls;
    }

    private static void obeyInterrupt() {
        if (Thread.currentThread().isInterrupted()) {
            throw new CallInterruptedException("the warm-up was interrupted");
        }
    }

    private void time() {
        long begin = System.nanoTime();
        call.run(image, out);
        last = (System.nanoTime() - begin) / 1e6;
        calls++;
        first = calls == 1 ? last : first;
    }

    /**
     * Calls tiny models until the plain one is steady. The plain model always has one thread: on a small machine a second thread would take the other
     * core away from the compiler, for which everything waits. The varied model has the session's team and takes the branches that
     * the plain one does not. It is called early, before C2 compiles those branches away, and again at the end.
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

    /** A tiny model with a session and the arrays for a call. */
    private static final class TinyModel implements AutoCloseable {

        private final VitModel model;
        private final VitSession session;
        private final float[] image;
        private final float[] logits;

        TinyModel(VitConfig config, SessionOptions options) throws IOException {
            model = VitModel.of(new SmallModel.Constant(config));
            session = model.newSession(options);
            image = new float[config.channels() * config.imageHeight() * config.imageWidth()];
            logits = new float[config.classes()];
        }

        /** Makes {@code times} calls, or fewer if the deadline passes; returns their nanoseconds. */
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
}
