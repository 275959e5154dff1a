package vit.bench.load;

import java.lang.reflect.InvocationTargetException;
import java.time.Duration;
import java.util.Locale;
import vit.model.VitModel;
import vit.model.config.VitConfig;
import vit.model.service.ServiceOptions;

/** What computes in this process. */
enum Engine {
    /** {@link vit.model.service.VitService}. */
    VIT,
    /** A service with ONNX Runtime; only builds with the peers have it. */
    ONNXRUNTIME;

    private static final String ONNXRUNTIME_TARGET = "vit.bench.load.OnnxRuntimeTarget";

    /** Whether this build has it. */
    boolean isPresent() {
        try {
            return this == VIT || Class.forName(ONNXRUNTIME_TARGET) != null;
        } catch (ClassNotFoundException e) {
            return false;
        }
    }

    /**
     * Starts a service and waits until it is ready.
     *
     * @param model       taken over
     * @param sessions    passes that are computed at once
     * @param threads     of each; of ONNX Runtime, which has one pool for all, on average
     * @param batchLimit  most images in a pass
     * @param queueLength most requests that wait
     */
    Target start(VitModel model, int sessions, int threads, int batchLimit, int queueLength, double deadlineMillis) throws Exception {
        Target target = open(model, sessions, threads, batchLimit, queueLength, deadlineMillis);
        System.gc(); // what loading and exporting have left is no memory of the service
        return target;
    }

    private Target open(VitModel model, int sessions, int threads, int batchLimit, int queueLength, double deadlineMillis) throws Exception {
        VitConfig config = model.config();
        float[] pixels = ModelChoice.pixels(config);
        if (this == ONNXRUNTIME) {
            try (model) {
                return (Target) Class.forName(ONNXRUNTIME_TARGET).getDeclaredMethod("start", VitModel.class, float[].class, int.class, int.class, int.class)
                        .invoke(null, model, pixels, sessions, threads, queueLength);
            } catch (InvocationTargetException e) {
                throw e.getCause() instanceof Exception cause ? cause : e;
            }
        }
        ServiceOptions defaults = ServiceOptions.defaults();
        long queueBytes = Math.max(defaults.queueBytes(), Math.multiplyExact((long) queueLength * pixels.length, Float.BYTES));
        return new ServiceTarget(model, defaults.withSessions(sessions, threads).withQueue(queueLength, queueBytes).withBatchLimit(batchLimit)
                .withDeadline(Duration.ofNanos(Math.round(deadlineMillis * 1e6))), pixels);
    }

    @Override
    public String toString() {
        return name().toLowerCase(Locale.ROOT);
    }
}
