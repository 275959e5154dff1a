package vit.model.service;

import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Set;
import java.util.WeakHashMap;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.LongSupplier;
import jdk.jfr.FlightRecorder;
import vit.kernels.parallel.CallInterruptedException;
import vit.model.Prediction;
import vit.model.VitModel;
import vit.model.WarmUpReport;
import vit.model.config.VitConfig;
import vit.model.image.RgbImage;

/**
 * Serves one model to any number of callers. It has a queue and some sessions; every session has a thread that takes requests from the queue. A
 * request whose deadline cannot be kept is refused at once, so that under overload the others are still answered in time.
 *
 * <!-- given: VitModel model, RgbImage image, float[] pixels -->
 * <pre>{@code
 * try (VitService service = VitService.start(model, ServiceOptions.defaults().withDeadline(Duration.ofMillis(250)))) {
 *     service.ready().join();                                                   // a few seconds
 *     Prediction prediction = service.classify(image);                          // on any number of threads, platform or virtual
 *     CompletableFuture<float[]> embedding = service.submit(Request.embedding(pixels).within(Duration.ofMillis(80)));
 * }
 * }</pre>
 *
 * <h2>Threads</h2>
 * Every method may be called from any thread, virtual ones included. Images are decoded and preprocessed on the caller's thread. The model runs on the
 * service's threads, {@code vit-service-1-session-2} and, where a session has several, {@code vit-service-1-session-2-worker-1}; all are daemons. A
 * future is completed by such a thread, and dependent stages without {@code Async} in their names run there and hold up the next pass.
 *
 * <h2>Results</h2>
 * Answers have the bits of {@link vit.model.VitSession#logits} or {@link vit.model.VitSession#embed} of that image alone, whatever batch it was in. {@link #logits} and
 * {@link #embed(float[], float[])} allocate nothing after warming up. If the caller is a virtual thread, the JDK allocates for its waiting.
 *
 * <h2>Errors</h2>
 * Each request fails alone. A request that is refused is a {@link RequestRefusedException} with a reason. An image that cannot be decoded is a
 * {@link vit.model.InputException}, a result that is NaN or infinite a {@link vit.model.NonFiniteException}. A caller that is interrupted while its request
 * waits gets a {@link CallInterruptedException}, and its request leaves the queue; once the request is being computed, the caller gets the result. In both
 * cases the interrupt status stays set. A future that is cancelled, or completed by its owner, takes its request out of the queue as well.
 *
 * <h2>The model's owner</h2>
 * A service takes the model over that it serves, and closes it: one that was replaced when its last request has ended, the last one in {@link #close}. It is
 * harmless if the caller closes it once more. A service must be closed; its threads keep it in memory until then.
 */
public final class VitService implements AutoCloseable {

    private static final AtomicInteger NUMBER = new AtomicInteger();

    private static final int TOP = 5;

    private final String name = "vit-service-" + NUMBER.incrementAndGet();
    private final ServiceOptions options;
    private final VitConfig config;
    private final Meters meters = new Meters();
    private final Dispatcher dispatcher;
    private final ServiceCalls calls;
    private final GenerationFactory factory;
    private final CompletableFuture<WarmUpReport> ready = new CompletableFuture<>();
    private final ReentrantLock replacing = new ReentrantLock();
    private final AtomicBoolean closed = new AtomicBoolean();
    private final Set<VitModel> taken = Collections.newSetFromMap(new WeakHashMap<>()); // over by this service, and closed by it; guarded by replacing
    private final List<Thread> workers = new ArrayList<>();
    private final Thread starter;
    private volatile VitModel model;

    private VitService(VitModel model, ServiceOptions options, GenerationFactory.Opener opener) {
        this.options = options;
        this.model = model;
        this.config = model.config();
        taken.add(model);
        long origin = System.nanoTime();
        LongSupplier clock = () -> System.nanoTime() - origin; // counts from 0, so that adding a deadline never overflows
        dispatcher = new Dispatcher(options, clock, meters, new OverloadLog(clock, message -> ServiceLog.warning(name + ": " + message)));
        calls = new ServiceCalls(options, dispatcher, meters);
        factory = new GenerationFactory(options, clock, opener, name);
        starter = Thread.ofPlatform().daemon().name(name + "-start").unstarted(this::makeReady);
        for (int i = 0; i < options.sessions(); i++) {
            workers.add(Thread.ofPlatform().daemon().name(GenerationFactory.threadName(name, i))
                    .unstarted(new ServiceWorker(dispatcher, i, options.batchLimit())));
        }
    }

    /**
     * Starts a service, which is ready some seconds later: {@link #ready}. Until then it refuses requests.
     *
     * @param model taken over by the service, see above
     */
    public static VitService start(VitModel model, ServiceOptions options) {
        return start(model, options, SessionEngine::new);
    }

    /** Starts a service on sessions of any kind. */
    static VitService start(VitModel model, ServiceOptions options, GenerationFactory.Opener opener) {
        VitService service = new VitService(model, options, opener);
        service.workers.forEach(Thread::start);
        service.starter.start();
        return service;
    }

    private void makeReady() {
        WarmUpReport report;
        try {
            report = install(model);
        } catch (Throwable e) {
            boolean closing = closed.get();
            if (!closing) {
                ServiceLog.error(name + ": the model could not be made ready", e);
            }
            ready.completeExceptionally(closing ? new RequestRefusedException(RequestRefusedException.Reason.CLOSING, -1) : e);
            return;
        }
        ServiceLog.info(name + ": " + report);
        ready.complete(report);
    }

    /** Warms a model up and makes it the current one. If the service is closed, nothing is left open but the model. */
    private WarmUpReport install(VitModel next) throws RequestRefusedException {
        GenerationFactory.Warm warm = factory.warm(next);
        try {
            dispatcher.install(warm.generation());
        } catch (RequestRefusedException e) {
            warm.generation().closeEngines();
            throw e;
        }
        model = next;
        return warm.report();
    }

    /**
     * Completes once the sessions are warm and requests are admitted. If the model cannot be made ready, it completes with what went wrong, and if the service
     * is closed before, with a {@link RequestRefusedException}.
     */
    public CompletableFuture<WarmUpReport> ready() {
        return ready.copy();
    }

    /** Whether requests are admitted: the model is warm, and the service is open. */
    public boolean isReady() {
        return dispatcher.isReady();
    }

    /** What the service computes with and takes on. */
    public ServiceOptions options() {
        return options;
    }

    /** The model that new requests are computed with. */
    public VitModel model() {
        return model;
    }

    /**
     * The five most probable classes of a decoded image, within {@link ServiceOptions#deadline}.
     *
     * @throws IOException              if the image cannot be preprocessed
     * @throws IllegalArgumentException if the model has no head
     */
    public Prediction classify(RgbImage image) throws IOException, RequestRefusedException {
        return call(Request.prediction(image, TOP));
    }

    /**
     * The five most probable classes of an image file, within {@link ServiceOptions#deadline}.
     *
     * @throws IOException              if the image cannot be read, decoded or preprocessed
     * @throws IllegalArgumentException if the model has no head
     */
    public Prediction classify(Path image) throws IOException, RequestRefusedException {
        return call(Request.prediction(image, TOP));
    }

    /**
     * The embedding of a decoded image, within {@link ServiceOptions#deadline}.
     *
     * @return (E), a new array
     * @throws IOException if the image cannot be preprocessed
     */
    public float[] embed(RgbImage image) throws IOException, RequestRefusedException {
        return call(Request.embedding(image));
    }

    /**
     * Computes the logits of one image, within {@link ServiceOptions#deadline}. Allocates nothing. Nobody may write to the arrays during the call.
     *
     * @param pixels (channels, height, width), row-major, normalised as in the model's training
     * @param logits (classes), written
     * @throws IllegalArgumentException if an array is too short, or the model has no head
     */
    public void logits(float[] pixels, float[] logits) throws RequestRefusedException {
        calls.logits(config, pixels, logits);
    }

    /**
     * Computes the embedding of one image, within {@link ServiceOptions#deadline}. Allocates nothing. Nobody may write to the arrays during the call.
     *
     * @param pixels    (channels, height, width), row-major, normalised as in the model's training
     * @param embedding (E), written
     * @throws IllegalArgumentException if an array is too short
     */
    public void embed(float[] pixels, float[] embedding) throws RequestRefusedException {
        calls.embed(config, pixels, embedding);
    }

    /**
     * Computes a request and waits for the answer.
     *
     * @throws IOException              if the image cannot be read, decoded or preprocessed
     * @throws IllegalArgumentException if the pixels are too few, or what is asked for needs a classification head and the model has none
     */
    public <T> T call(Request<T> request) throws IOException, RequestRefusedException {
        return timed(request).answer();
    }

    /** As {@link #call}, and says how long the request took in the parts of the service. */
    public <T> TimedAnswer<T> timed(Request<T> request) throws IOException, RequestRefusedException {
        return calls.call(config, request);
    }

    /**
     * Computes a request without waiting for the answer. An image is decoded before this returns, on the calling thread. If the deadline passes in the
     * queue, the future learns so at the latest when the next pass has ended.
     *
     * @return completed with the answer or with what went wrong, a bad image included. Cancelling it takes the request out of the queue; a pass that has
     *         begun is not stopped
     * @throws RequestRefusedException  if the request is refused at once
     * @throws IllegalArgumentException if the pixels are too few, or what is asked for needs a classification head and the model has none
     */
    public <T> CompletableFuture<T> submit(Request<T> request) throws RequestRefusedException {
        return calls.submit(config, request);
    }

    /**
     * Refuses what {@link #call} would refuse now, for a caller that has not read or decoded its image yet and can save itself the work. A request that this lets
     * through may still be refused later.
     *
     * @param deadline from now to the answer
     * @param urgent   whether the request goes before those that are not
     * @throws RequestRefusedException if a request of one pass would be refused; it is counted as one
     */
    public void requireAdmission(Duration deadline, boolean urgent) throws RequestRefusedException {
        calls.requireAdmission(config, deadline, urgent);
    }

    /** What the service has done until now. Holds nothing up. */
    public ServiceStatistics statistics() {
        return meters.read(dispatcher.queueLength(), dispatcher.queueBytes());
    }

    /**
     * Puts another model in the place of the current one, under load. The new model's sessions are opened and warmed up first, on the calling thread, while
     * the old ones serve; meanwhile both are in memory. Then new requests get the new model. Requests that have begun end with the old one, which is
     * closed after the last of them. Replacements take turns, and the first waits until the service is ready.
     *
     * @param next taken over by the service once this returns. If this throws, it is still the caller's
     * @throws IllegalArgumentException if its images, classes or embeddings have other sizes than those of the current model, or if it serves or has served here
     * @throws RequestRefusedException  if the service is closed
     * @throws CallInterruptedException if the thread is interrupted; the service keeps its model
     */
    public WarmUpReport replace(VitModel next) throws RequestRefusedException {
        GenerationFactory.checkFits(config, next.config());
        ModelReplacedEvent event = FlightRecorder.isInitialized() ? ModelReplacedEvent.begun() : null;
        awaitTurn();
        try {
            if (taken.contains(next)) {
                throw new IllegalArgumentException(name + " has taken this model over already, and closes it; open the weights once more");
            }
            WarmUpReport report = install(next);
            taken.add(next);
            if (event != null) {
                event.commit(name, next);
            }
            ServiceLog.info(name + ": model replaced; " + report);
            return report;
        } finally {
            replacing.unlock();
        }
    }

    private void awaitTurn() throws RequestRefusedException {
        try {
            ready.get();
            replacing.lockInterruptibly();
        } catch (InterruptedException e) {
            throw CallInterruptedException.restoring("interrupted before the model was replaced");
        } catch (ExecutionException e) {
            if (e.getCause() instanceof RequestRefusedException refusal) {
                throw refusal;
            }
            throw new IllegalStateException("the service never became ready", e.getCause());
        }
    }

    /**
     * Refuses new requests, and ends those that were admitted, for at most {@link ServiceOptions#drainTime}. What still waits then is refused as
     * {@link RequestRefusedException.Reason#CLOSING}; passes that are under way end, in the time of a pass. If the calling thread is interrupted, or is one
     * of the service's own, the drain time is zero. Returns when the service's threads have ended and its memory is free. Closing twice does nothing.
     */
    @Override
    public void close() {
        if (closed.compareAndSet(false, true)) {
            new ServiceShutdown(name, dispatcher, calls, workers, starter).run(ServiceOptions.nanos("drainTime", options.drainTime(), 0));
            ready.completeExceptionally(new RequestRefusedException(RequestRefusedException.Reason.CLOSING, -1));
            model.close(); // if it never became ready, nothing else has
        }
    }

    /** The service's name, with which the names of its threads begin. */
    @Override
    public String toString() {
        return name;
    }
}
