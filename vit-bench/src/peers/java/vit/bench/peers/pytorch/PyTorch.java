package vit.bench.peers.pytorch;

import ai.djl.engine.Engine;
import ai.djl.pytorch.jni.JniUtils;

/** PyTorch's engine in DJL: its official build with MKL, found on the class path, never downloaded. */
final class PyTorch {

    private PyTorch() {}

    /** Starts the engine if necessary, with {@code threads} threads inside operators. */
    static Engine start(int threads) {
        System.setProperty("ai.djl.offline", "true");
        System.setProperty("OPT_OUT_TRACKING", "true");
        System.setProperty("ai.djl.pytorch.num_interop_threads", "1");
        System.setProperty("ai.djl.pytorch.num_threads", String.valueOf(threads));
        Engine engine = Engine.getEngine("PyTorch");
        JniUtils.setNumThreads(threads);
        if (JniUtils.getNumThreads() != threads) {
            throw new IllegalStateException("PyTorch uses " + JniUtils.getNumThreads() + " threads instead of " + threads);
        }
        return engine;
    }

    static String name() {
        return "pytorch " + Engine.getEngine("PyTorch").getVersion();
    }
}
