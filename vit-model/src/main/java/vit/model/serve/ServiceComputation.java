package vit.model.serve;

import java.io.IOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.atomic.AtomicBoolean;
import vit.kernels.parallel.CallInterruptedException;
import vit.model.serve.protocol.InferenceReply.Result;
import vit.model.serve.protocol.InferenceRequest;
import vit.model.service.Outputs;
import vit.model.service.Request;
import vit.model.service.RequestRefusedException;
import vit.model.service.VitService;

/** Computes with the service: every image is a request of its own to it. */
final class ServiceComputation implements Computation {

    private final VitService service;

    ServiceComputation(VitService service) {
        this.service = service;
    }

    @Override
    public void requireAdmission(Duration timeout, boolean urgent) throws RequestRefusedException {
        service.requireAdmission(within(timeout), urgent);
    }

    private Duration within(Duration timeout) {
        return timeout == null ? service.options().deadline() : timeout;
    }

    @Override
    public List<Result> results(InferenceRequest request) throws IOException, RequestFault, RequestRefusedException, ExecutionException {
        Duration timeout = within(request.timeout());
        try {
            return request.images().size() == 1 ? List.of(result(service.call(one(request, 0, timeout)))) : all(request, timeout);
        } catch (IllegalArgumentException e) {
            throw RequestFault.bad(e.getMessage()); // the model takes no images
        }
    }

    /** The service's request for an image: what it gives is an {@link Outputs} or, without classes, the embedding. */
    private static Request<?> one(InferenceRequest request, int i, Duration timeout) {
        Object image = request.images().get(i);
        Request<?> one = image instanceof float[] pixels
                ? request.wantsClasses() ? Request.outputs(pixels) : Request.embedding(pixels)
                : request.wantsClasses() ? Request.outputs((byte[]) image) : Request.embedding((byte[]) image);
        one = one.within(timeout);
        return request.isUrgent() ? one.urgent() : one;
    }

    private static Result result(Object answer) {
        return answer instanceof Outputs outputs ? new Result(outputs.logits(), outputs.probabilities(), outputs.embedding()) : new Result(null, null, (float[]) answer);
    }

    /** All images of a request within its time, or none: if one is refused or fails, the rest is not begun, and those that wait leave the queue. */
    private List<Result> all(InferenceRequest request, Duration timeout) throws RequestRefusedException, ExecutionException {
        long begin = System.nanoTime();
        AtomicBoolean failed = new AtomicBoolean();
        List<CompletableFuture<?>> futures = new ArrayList<>();
        List<Result> results = new ArrayList<>();
        boolean done = false;
        try {
            for (int i = 0; i < request.images().size() && !failed.get(); i++) {
                Duration left = timeout.minusNanos(System.nanoTime() - begin);
                CompletableFuture<?> future = service.submit(one(request, i, left.isPositive() ? left : Duration.ofNanos(1)));
                future.whenComplete((_, fault) -> failed.compareAndSet(false, fault != null));
                futures.add(future);
            }
            for (CompletableFuture<?> future : futures) {
                results.add(result(future.get()));
            }
            done = true;
            return results;
        } catch (InterruptedException e) {
            throw CallInterruptedException.restoring("interrupted while the images of a request were computed");
        } finally {
            if (!done) {
                futures.forEach(future -> future.cancel(false));
            }
        }
    }
}
