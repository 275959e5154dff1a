package vit.model.service;

import java.io.IOException;
import java.time.Duration;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.locks.LockSupport;
import vit.kernels.parallel.CallInterruptedException;
import vit.model.VitModel;
import vit.model.config.VitConfig;
import vit.model.image.RgbImage;
import vit.model.service.RequestRefusedException.Reason;

/** What happens on the threads of the callers: requests are checked, their images prepared, offered and awaited. */
final class ServiceCalls {

    private final ServiceOptions options;
    private final Dispatcher dispatcher;
    private final Meters meters;
    private final ImagePreparation preparation;
    private final TicketPool pool;
    private final long deadlineNanos;

    ServiceCalls(ServiceOptions options, Dispatcher dispatcher, Meters meters) {
        this.options = options;
        this.deadlineNanos = ServiceOptions.nanos("deadline", options.deadline(), 1);
        this.dispatcher = dispatcher;
        this.meters = meters;
        this.preparation = new ImagePreparation(options);
        this.pool = new TicketPool(options.queueLength() + (long) options.sessions() * options.batchLimit());
    }

    /** Computes the logits into the caller's array, and allocates nothing. */
    void logits(VitConfig config, float[] pixels, float[] logits) throws RequestRefusedException {
        checkResult(logits, config.classes());
        run(config, Ticket.Output.LOGITS, pixels, logits, null);
    }

    /** Computes the embedding into the caller's array, and allocates nothing. */
    void embed(VitConfig config, float[] pixels, float[] embedding) throws RequestRefusedException {
        checkResult(embedding, config.embeddingWidth());
        run(config, Ticket.Output.EMBEDDING, pixels, null, embedding);
    }

    private void run(VitConfig config, Ticket.Output output, float[] pixels, float[] logits, float[] embedding) throws RequestRefusedException {
        checkPixels(config, pixels);
        Ticket ticket = pool.take();
        begin(ticket, config, output, false, deadlineNanos);
        ticket.pixels = pixels;
        ticket.logits = logits;
        ticket.embedding = embedding;
        ticket.waiter = Thread.currentThread();
        dispatcher.enter(ticket);
        dispatcher.offer(ticket);
        await(ticket);
        Throwable failure = ticket.failure;
        pool.giveBack(ticket); // tickets that did not end well are left to the garbage collector
        rethrow(failure);
    }

    /** Refuses what {@link #call} would refuse at once, before there is an image. */
    void requireAdmission(VitConfig config, Duration deadline, boolean urgent) throws RequestRefusedException {
        Ticket ticket = new Ticket();
        begin(ticket, config, Ticket.Output.EMBEDDING, urgent, ServiceOptions.nanos("deadline", deadline, 1));
        dispatcher.enter(ticket);
        dispatcher.leave(ticket);
    }

    <T> TimedAnswer<T> call(VitConfig config, Request<T> request) throws IOException, RequestRefusedException {
        Ticket ticket = new Ticket();
        begin(ticket, config, request);
        ticket.waiter = Thread.currentThread();
        dispatcher.enter(ticket);
        VitModel model = ticket.generation.model();
        prepare(ticket, config, request.image());
        dispatcher.offer(ticket);
        await(ticket);
        rethrow(ticket.failure);
        return new TimedAnswer<>(request.answer().of(model, ticket), Duration.ofNanos(ticket.queued - ticket.arrived),
                Duration.ofNanos(ticket.started - ticket.queued), Duration.ofNanos(ticket.ended - ticket.started));
    }

    <T> CompletableFuture<T> submit(VitConfig config, Request<T> request) throws RequestRefusedException {
        Ticket ticket = new Ticket();
        begin(ticket, config, request);
        CompletableFuture<T> future = new CompletableFuture<>();
        dispatcher.enter(ticket);
        VitModel model = ticket.generation.model();
        try {
            prepare(ticket, config, request.image());
        } catch (IOException e) {
            future.completeExceptionally(e);
            return future;
        }
        ticket.delivery = () -> deliver(ticket, model, request.answer(), future);
        dispatcher.offer(ticket);
        future.whenComplete((_, _) -> withdraw(ticket)); // its owner has completed it, most often by cancelling it
        return future;
    }

    private static <T> void deliver(Ticket ticket, VitModel model, Request.Answer<T> answer, CompletableFuture<T> future) {
        if (ticket.failure != null) {
            future.completeExceptionally(ticket.failure);
            return;
        }
        T value;
        try {
            value = answer.of(model, ticket);
        } catch (Throwable e) {
            future.completeExceptionally(e);
            return;
        }
        future.complete(value);
    }

    private boolean withdraw(Ticket ticket) {
        boolean waited = dispatcher.withdraw(ticket, false);
        if (waited) {
            meters.cancelled();
        }
        return waited;
    }

    private void begin(Ticket ticket, VitConfig config, Request<?> request) {
        if (request.asksForClasses() && config.isProjection()) {
            throw new IllegalArgumentException("the model's head gives embeddings of images, not the logits of classes; ask for the embedding");
        }
        begin(ticket, config, request.output(), request.isUrgent(), request.deadlineNanos(options));
        checkImage(config, request.image());
    }

    private void begin(Ticket ticket, VitConfig config, Ticket.Output output, boolean urgent, long deadlineNanos) {
        if (output.hasLogits() && output != Ticket.Output.ATTENTION && config.classes() == 0) {
            throw new IllegalArgumentException("the model has no classification head; ask for the embedding");
        }
        ticket.output = output;
        ticket.urgent = urgent;
        ticket.bytes = (long) SessionEngine.imageElements(config) * Float.BYTES;
        ticket.arrived = dispatcher.now();
        ticket.deadline = ticket.arrived + deadlineNanos;
    }

    private static void checkResult(float[] result, int width) {
        if (result.length < width) {
            throw new IllegalArgumentException("an array of " + result.length + " for the result; expected at least " + width);
        }
    }

    private static void checkPixels(VitConfig config, float[] pixels) {
        if (pixels.length < SessionEngine.imageElements(config)) {
            throw new IllegalArgumentException("an image of " + pixels.length + " elements; expected at least " + config.channels() + " × "
                    + config.imageHeight() + " × " + config.imageWidth());
        }
    }

    private static void checkImage(VitConfig config, Object image) {
        if (image instanceof float[] pixels) {
            checkPixels(config, pixels);
        } else if (config.channels() != RgbImage.CHANNELS) {
            throw new IllegalArgumentException("images have " + RgbImage.CHANNELS + " channels, the model takes " + config.channels());
        }
    }

    /** Makes the arrays of a request that has entered. If that fails, the request has ended. */
    private void prepare(Ticket ticket, VitConfig config, Object image) throws IOException, RequestRefusedException {
        boolean prepared = false;
        try {
            ticket.pixels = image instanceof float[] pixels ? pixels : decode(ticket, image);
            ticket.logits = ticket.output.hasLogits() ? new float[config.classes()] : null;
            ticket.embedding = ticket.output.hasEmbedding() ? new float[config.embeddingWidth()] : null;
            prepared = true;
        } catch (CallInterruptedException e) {
            meters.cancelled();
            throw e;
        } catch (IOException | RuntimeException | Error e) {
            meters.failed();
            throw e;
        } finally {
            if (!prepared) {
                dispatcher.leave(ticket);
            }
        }
    }

    private float[] decode(Ticket ticket, Object image) throws IOException, RequestRefusedException {
        long begin = dispatcher.now();
        if (!preparation.enter(dispatcher.preparationNanos(ticket))) {
            throw dispatcher.refused(new RequestRefusedException(Reason.DECODING, dispatcher.now() - begin));
        }
        try {
            return preparation.pixels(ticket.generation.model(), image);
        } finally {
            preparation.leave();
            meters.decoded(dispatcher.now() - begin);
        }
    }

    /**
     * Waits until the request has ended. While it waits in the queue, the deadline and an interrupt take it out; once it is being computed, its result comes
     * in the time of a pass.
     */
    private void await(Ticket ticket) throws RequestRefusedException {
        boolean interrupted = false;
        while (ticket.state != Ticket.State.DONE) {
            if (Thread.interrupted()) {
                interrupted = true;
                if (withdraw(ticket)) {
                    throw CallInterruptedException.restoring("interrupted while the request waited");
                }
            }
            long left = ticket.deadline - dispatcher.now();
            if (left <= 0) {
                if (dispatcher.withdraw(ticket, true)) {
                    restore(interrupted);
                    throw dispatcher.refused(new RequestRefusedException(Reason.EXPIRED, -1));
                }
                LockSupport.park(ticket);
            } else {
                LockSupport.parkNanos(ticket, left);
            }
        }
        restore(interrupted);
    }

    private static void restore(boolean interrupted) {
        if (interrupted) {
            Thread.currentThread().interrupt();
        }
    }

    private static void rethrow(Throwable failure) throws RequestRefusedException {
        switch (failure) {
            case null -> { }
            case RequestRefusedException refusal -> throw refusal;
            case RuntimeException e -> throw e;
            case Error e -> throw e;
            default -> throw new IllegalStateException(failure);
        }
    }

    /** Fails what was taken out of the queue when the service was closed. */
    void failRest(Ticket first) {
        ServiceWorker.failAll(first, Reason.CLOSING, dispatcher);
    }
}
