package vit.bench.peers;

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
import vit.model.config.VitConfig;
import vit.model.onnx.OnnxExport;
import vit.model.onnx.OnnxOperators;
import vit.model.parameters.ParameterSource;

/**
 * ONNX Runtime on an exported model, with standard operators or with the runtime's own, whichever is faster in trial calls. It uses all graph
 * optimisations and sequential execution with {@code threads} threads inside operators. The input is a tensor over a direct buffer that is made once.
 */
final class OnnxRuntimeForward implements Contender {

    private static final int TRIALS = 5;

    private final OrtSession session;
    private final OnnxTensor images;
    private final float[] output;

    OnnxRuntimeForward(Path model, VitConfig config, float[] pixels, int batch, int threads) throws OrtException {
        OrtEnvironment environment = OrtEnvironment.getEnvironment();
        try (OrtSession.SessionOptions options = new OrtSession.SessionOptions()) {
            options.setOptimizationLevel(OrtSession.SessionOptions.OptLevel.ALL_OPT);
            options.setExecutionMode(OrtSession.SessionOptions.ExecutionMode.SEQUENTIAL);
            options.setIntraOpNumThreads(threads);
            options.setInterOpNumThreads(1);
            session = environment.createSession(model.toString(), options);
        }
        FloatBuffer buffer = ByteBuffer.allocateDirect(pixels.length * Float.BYTES).order(ByteOrder.nativeOrder()).asFloatBuffer();
        buffer.put(pixels).flip();
        images = OnnxTensor.createTensor(environment, buffer,
                new long[] {batch, config.channels(), config.imageHeight(), config.imageWidth()});
        output = new float[batch * ForwardOutput.of(config).width(config)];
    }

    /** The faster of the two graphs that {@code vit export} writes. */
    static OnnxRuntimeForward faster(ParameterSource weights, float[] pixels, int batch, int threads) throws IOException, OrtException,
            InterruptedException {
        OnnxRuntimeForward best = null;
        double bestNanos = Double.POSITIVE_INFINITY;
        for (OnnxOperators operators : OnnxOperators.values()) {
            Path file = Files.createTempFile("vit", ".onnx");
            try {
                OnnxExport.write(weights, file, operators);
                OnnxRuntimeForward candidate = new OnnxRuntimeForward(file, weights.config(), pixels, batch, threads);
                double nanos = candidate.trial();
                System.err.printf(Locale.ROOT, "onnxruntime with %s operators: %.2f ms%n", operators, nanos / 1e6);
                OnnxRuntimeForward slower = nanos < bestNanos ? best : candidate;
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

    /** The time of the fastest of a few calls, in nanoseconds. */
    private double trial() throws OrtException, InterruptedException {
        double best = Double.POSITIVE_INFINITY;
        for (int call = 0; call < TRIALS; call++) {
            Duel.awaitIdle();
            long start = System.nanoTime();
            run();
            best = Math.min(best, System.nanoTime() - start);
        }
        return best;
    }

    @Override
    public String name() {
        return "onnxruntime " + OrtEnvironment.getEnvironment().getVersion();
    }

    @Override
    public void run() throws OrtException {
        try (OrtSession.Result result = session.run(Map.of("images", images))) {
            ((OnnxTensor) result.get(0)).getFloatBuffer().get(output);
        }
    }

    @Override
    public float[] result() {
        return output;
    }

    @Override
    public void close() throws OrtException {
        images.close();
        session.close();
    }
}
