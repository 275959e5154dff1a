package vit.model;

import java.io.IOException;
import java.io.UncheckedIOException;

/**
 * Gets calls to full speed. The kernels are compiled by {@link KernelCompilation}; what is around them, and the kernels that it leaves out, are
 * brought past the JIT's thresholds by models of a few hundred parameters, which run the same methods in microseconds each.
 */
final class WarmUp {

    /** The tiny model's calls end when they are steady, or after this time. */
    private static final long TINY_LIMIT_NANOS = 4_000_000_000L;

    /** The session's own calls end when they are steady, or after this time. */
    private static final long OWN_LIMIT_NANOS = 4_000_000_000L;

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

    private static final int MIN_OWN_CALLS = 2;

    private static final double STEADY = 1.1;

    /** A width of a whole panel at every vector width, and a ragged one. */
    private static final int SHALLOW = 68;

    /** The same for sums of more than one block of k, and a ragged one. */
    private static final int DEEP = 772;

    private WarmUp() {}

    static WarmUpReport run(VitSession session) {
        long start = System.nanoTime();
        VitConfig config = session.config();
        KernelCompilation.await();
        tiny(session, start + TINY_LIMIT_NANOS);
        float[] image = new float[config.channels() * config.imageHeight() * config.imageWidth()];
        for (int i = 0; i < image.length; i++) {
            image[i] = (i % 17 - 8) / 8f;
        }
        float[] embedding = new float[config.width()];
        float[] logits = new float[config.classes()];
        double first = 0;
        double best = Double.POSITIVE_INFINITY;
        double last = 0;
        int calls = 0;
        int steady = 0;
        while (calls < MIN_OWN_CALLS || steady < 1) {
            last = time(session, image, embedding, logits);
            calls++;
            first = calls == 1 ? last : first;
            steady = last <= best * STEADY && last * STEADY >= best ? steady + 1 : 0;
            best = Math.min(best, last);
            if (System.nanoTime() - start > TINY_LIMIT_NANOS + OWN_LIMIT_NANOS) {
                break;
            }
        }
        return new WarmUpReport(steady > 0, (System.nanoTime() - start) / 1e6, calls, first, last);
    }

    private static double time(VitSession session, float[] image, float[] embedding, float[] logits) {
        long start = System.nanoTime();
        if (logits.length > 0) {
            session.logits(image, 1, logits);
        } else {
            session.embed(image, 1, embedding);
        }
        return (System.nanoTime() - start) / 1e6;
    }

    /**
     * Calls tiny models until the first is steady. It has one thread, whatever the session has: a second one would take the other core of
     * a small machine away from the compiler that everybody waits for. The other model has the team, and takes the branches that
     * the first does not; it comes early, before C2 compiles them away, and again at the end.
     */
    private static void tiny(VitSession session, long deadline) {
        try (TinyModel plain = new TinyModel(tiny(session.config(), 20, 20, SHALLOW), SessionOptions.threads(1));
                TinyModel varied = new TinyModel(tiny(session.config(), 36, SHALLOW, DEEP), SessionOptions.workers(session.team()))) {
            double best = Double.POSITIVE_INFINITY;
            int steady = 0;
            for (int rounds = 0; (steady < STEADY_ROUNDS || rounds < MIN_ROUNDS) && System.nanoTime() < deadline; rounds++) {
                if (rounds == 1) {
                    varied.call(VARIED_CALLS, deadline);
                }
                double nanos = plain.call(ROUND, deadline);
                steady = nanos < 0.9 * best ? 0 : steady + 1;
                best = Math.min(best, nanos);
            }
            varied.call(ROUND, deadline);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
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
        return config.toBuilder().image(20, imageWidth).patch(4).width(20).depth(1).heads(2).headDim(headDim).mlp(mlp).classes(20).build();
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
