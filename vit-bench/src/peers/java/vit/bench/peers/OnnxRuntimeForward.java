package vit.bench.peers;

import ai.onnxruntime.OnnxTensor;
import ai.onnxruntime.OrtEnvironment;
import ai.onnxruntime.OrtException;
import ai.onnxruntime.OrtSession;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.FloatBuffer;
import java.nio.file.Path;
import java.util.Map;
import vit.model.VitConfig;

/**
 * ONNX Runtime on an exported model: all graph optimisations, sequential execution with {@code threads} threads inside operators, the
 * input a tensor over a direct buffer made once.
 */
final class OnnxRuntimeForward implements Contender {

    private final OrtSession session;
    private final OnnxTensor images;
    private final float[] logits;

    OnnxRuntimeForward(Path model, VitConfig config, float[] pixels, int batch, int threads) throws OrtException {
        OrtEnvironment environment = OrtEnvironment.getEnvironment();
        try (OrtSession.SessionOptions options = new OrtSession.SessionOptions()) {
            options.setOptimizationLevel(OrtSession.SessionOptions.OptLevel.ALL_OPT);
            options.setExecutionMode(OrtSession.SessionOptions.ExecutionMode.SEQUENTIAL);
            options.setIntraOpNumThreads(threads);
            options.setInterOpNumThreads(1);
            String optimized = System.getProperty("vit.bench.ort.optimized"); // to see what was fused
            if (optimized != null) {
                options.setOptimizedModelFilePath(optimized);
            }
            session = environment.createSession(model.toString(), options);
        }
        FloatBuffer buffer = ByteBuffer.allocateDirect(pixels.length * Float.BYTES).order(ByteOrder.nativeOrder()).asFloatBuffer();
        buffer.put(pixels).flip();
        images = OnnxTensor.createTensor(environment, buffer,
                new long[] {batch, config.channels(), config.imageHeight(), config.imageWidth()});
        logits = new float[batch * config.classes()];
    }

    @Override
    public String name() {
        return "onnxruntime " + OrtEnvironment.getEnvironment().getVersion();
    }

    @Override
    public void run() throws OrtException {
        try (OrtSession.Result result = session.run(Map.of("images", images))) {
            ((OnnxTensor) result.get(0)).getFloatBuffer().get(logits);
        }
    }

    @Override
    public float[] result() {
        return logits;
    }

    @Override
    public void close() throws OrtException {
        images.close();
        session.close();
    }
}
