package vit.bench.peers.onnxruntime;

import ai.onnxruntime.OnnxTensor;
import ai.onnxruntime.OrtEnvironment;
import ai.onnxruntime.OrtException;
import ai.onnxruntime.OrtSession;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.FloatBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Locale;
import java.util.Map;
import vit.bench.peers.IdleProcess;
import vit.model.config.VitConfig;
import vit.model.onnx.OnnxExport;
import vit.model.onnx.OnnxOperators;
import vit.model.onnx.OnnxWeights;
import vit.model.parameters.ParameterSource;

/**
 * A session of ONNX Runtime on an exported model, with all graph optimisations and sequential execution. Of the two graphs that {@code vit export} writes, one with
 * standard operators and one with the runtime's own, it has the one that is faster in trial calls. Any number of threads may run it at a time.
 */
public final class OnnxSession implements AutoCloseable {

    private static final int TRIALS = 5;
    private static final long TRIAL_NANOS = 2_000_000_000; // of large batches one call tells enough

    private final OrtSession session;
    private final long[] shape; // of the images
    private final OnnxOperators operators; // null if unknown

    /**
     * The threads of a session's pool.
     *
     * @param threads with the calling one
     * @param spin    whether they spin for a while when they have nothing to do
     */
    public record Pool(int threads, boolean spin) {}

    private OnnxSession(Path file, VitConfig config, int batch, Pool pool, OnnxOperators operators) throws OrtException {
        try (OrtSession.SessionOptions options = new OrtSession.SessionOptions()) {
            options.setOptimizationLevel(OrtSession.SessionOptions.OptLevel.ALL_OPT);
            options.setExecutionMode(OrtSession.SessionOptions.ExecutionMode.SEQUENTIAL);
            options.setIntraOpNumThreads(pool.threads);
            if (!pool.spin) {
                options.addConfigEntry("session.intra_op.allow_spinning", "0");
            }
            options.setInterOpNumThreads(1);
            session = OrtEnvironment.getEnvironment().createSession(file.toString(), options);
        }
        shape = new long[] {batch, config.channels(), config.imageHeight(), config.imageWidth()};
        this.operators = operators;
    }

    /** A session on a file. */
    static OnnxSession load(Path file, VitConfig config, int batch, Pool pool) throws OrtException {
        return new OnnxSession(file, config, batch, pool, null);
    }

    /**
     * Exports a model and keeps the faster graph.
     *
     * @param images (B, channels, height, width), for trial calls
     * @param batch  B
     */
    public static OnnxSession faster(ParameterSource weights, float[] images, int batch, Pool pool) throws IOException, OrtException, InterruptedException {
        return faster(weights, OnnxWeights.FLOAT32, images, batch, pool);
    }

    /** The same with the weights of linear layers in this form. */
    static OnnxSession faster(ParameterSource weights, OnnxWeights form, float[] images, int batch, Pool pool) throws IOException, OrtException, InterruptedException {
        FloatBuffer buffer = buffer(images);
        OnnxSession best = null;
        double bestNanos = Double.POSITIVE_INFINITY;
        for (OnnxOperators operators : OnnxOperators.values()) {
            Path file = Files.createTempFile("vit", ".onnx");
            try {
                OnnxExport.write(weights, file, operators, form);
                OnnxSession candidate = new OnnxSession(file, weights.config(), batch, pool, operators);
                double nanos = candidate.trial(buffer);
                System.err.printf(Locale.ROOT, "onnxruntime, %s, with %s: %.2f ms%n", form.toString().toLowerCase(Locale.ROOT), candidate.graph(), nanos / 1e6);
                OnnxSession slower = nanos < bestNanos ? best : candidate;
                best = nanos < bestNanos ? candidate : best;
                bestNanos = Math.min(nanos, bestNanos);
                if (slower != null) {
                    slower.close();
                }
            } finally {
                Files.deleteIfExists(file);
            }
        }
        return best;
    }

    /** The time of the fastest of a few calls, in nanoseconds; of one, if it takes seconds. */
    private double trial(FloatBuffer images) throws OrtException, InterruptedException {
        double best = Double.POSITIVE_INFINITY;
        long begin = System.nanoTime();
        try (OnnxTensor input = tensor(images)) {
            for (int call = 0; call < TRIALS && (call == 0 || System.nanoTime() - begin < TRIAL_NANOS); call++) {
                IdleProcess.await();
                long start = System.nanoTime();
                run(input).close();
                best = Math.min(best, System.nanoTime() - start);
            }
        }
        return best;
    }

    /** A direct buffer with these values. ONNX Runtime would copy any other one for every tensor. */
    public static FloatBuffer buffer(float[] values) {
        return ByteBuffer.allocateDirect(values.length * Float.BYTES).order(ByteOrder.nativeOrder()).asFloatBuffer().put(values).flip();
    }

    /** The images in a direct buffer as an input, which has no copy of them. */
    public OnnxTensor tensor(FloatBuffer images) throws OrtException {
        return OnnxTensor.createTensor(OrtEnvironment.getEnvironment(), images, shape);
    }

    /** Computes the logits or embeddings. */
    public OrtSession.Result run(OnnxTensor images) throws OrtException {
        return session.run(Map.of("images", images));
    }

    /** Which graph it has, in words. */
    public String graph() {
        return operators == OnnxOperators.STANDARD ? "standard operators" : "operators of its own";
    }

    /** The runtime's name and version. */
    public static String version() {
        return "onnxruntime " + OrtEnvironment.getEnvironment().getVersion();
    }

    @Override
    public void close() throws OrtException {
        session.close();
    }
}
