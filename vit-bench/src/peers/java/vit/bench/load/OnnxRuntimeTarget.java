package vit.bench.load;

import ai.onnxruntime.OnnxTensor;
import ai.onnxruntime.OrtException;
import ai.onnxruntime.OrtSession;
import java.io.IOException;
import java.nio.FloatBuffer;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import vit.bench.peers.onnxruntime.OnnxSession;
import vit.model.VitModel;

/**
 * The same service as its users write it with ONNX Runtime: one session for all threads, an executor with as many threads as passes at once, and a semaphore
 * that bounds what waits. It knows no deadlines. Every request copies the caller's array into a direct buffer of the executor's thread, which is the tensor: of
 * any other buffer ONNX Runtime would allocate a direct copy for every request, and its memory would be that of buffers that wait for the garbage collector.
 *
 * <p>The session is an {@link OnnxSession} on the same model.
 *
 * <p>A session has one pool of threads for all passes, and the thread that calls takes part in its pass. So with {@code threads} above 1 the pool has as many
 * threads as make {@code sessions · threads} with the callers. Which pass they help is the runtime's choice; a pass that is alone has all of the pool. Threads
 * of the pool then do not spin while they have nothing to do, because they would take the processors from other passes.
 */
final class OnnxRuntimeTarget implements Target {

    private static final int CLOSING_SECONDS = 60;

    private final OnnxSession session;
    private final ExecutorService executor;
    private final Semaphore places;
    private final float[] pixels;
    private final ThreadLocal<FloatBuffer> images;

    private OnnxRuntimeTarget(OnnxSession session, float[] pixels, int sessions, int queueLength) {
        this.session = session;
        executor = Executors.newFixedThreadPool(sessions, Thread.ofPlatform().daemon().name("onnxruntime-", 1).factory());
        places = new Semaphore(sessions + queueLength);
        this.pixels = pixels;
        images = ThreadLocal.withInitial(() -> OnnxSession.buffer(pixels));
    }

    /**
     * Exports the model and starts a service on it.
     *
     * @param sessions    passes that are computed at once
     * @param threads     threads for each pass on average, see above
     * @param queueLength most requests that wait
     */
    static OnnxRuntimeTarget start(VitModel model, float[] pixels, int sessions, int threads, int queueLength)
            throws IOException, OrtException, InterruptedException {
        OnnxSession.Pool pool = new OnnxSession.Pool(1 + sessions * (threads - 1), threads == 1); // the calling thread counts as one
        return new OnnxRuntimeTarget(OnnxSession.faster(model, pixels, 1, pool), pixels, sessions, queueLength);
    }

    /** The logits of the image. */
    float[] logits() throws OrtException {
        FloatBuffer image = images.get().clear().put(pixels).flip();
        try (OnnxTensor tensor = session.tensor(image); OrtSession.Result result = session.run(tensor)) {
            return ((float[][]) result.get(0).getValue())[0];
        }
    }

    @Override
    public String name() {
        return OnnxSession.version() + " (" + session.graph() + ")";
    }

    @Override
    public void send(long deadline, Reply reply) {
        if (!places.tryAcquire()) {
            reply.refused("QUEUE_FULL");
            return;
        }
        executor.execute(() -> {
            String fault = null;
            try {
                logits();
            } catch (OrtException | RuntimeException e) {
                fault = e.toString();
            } finally {
                places.release();
            }
            if (fault == null) {
                reply.answered();
            } else {
                reply.failed(fault);
            }
        });
    }

    @Override
    public boolean isInProcess() {
        return true;
    }

    @Override
    public void close() {
        executor.shutdown();
        try {
            executor.awaitTermination(CLOSING_SECONDS, TimeUnit.SECONDS);
            session.close();
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        } catch (OrtException e) {
            throw new IllegalStateException(e);
        }
    }
}
