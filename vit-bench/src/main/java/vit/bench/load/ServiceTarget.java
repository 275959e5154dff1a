package vit.bench.load;

import java.time.Duration;
import vit.model.VitModel;
import vit.model.service.Request;
import vit.model.service.RequestRefusedException;
import vit.model.service.RequestRefusedException.Reason;
import vit.model.service.ServiceOptions;
import vit.model.service.VitService;

/** {@link VitService} in this process. Every request asks for the logits of the same image, within the time that is left until its deadline. */
final class ServiceTarget implements Target {

    private static final String VERSION = VitService.class.getPackage().getImplementationVersion();

    private final VitService service;
    private final Request<float[]> request;

    /**
     * Starts a service and waits until it is ready.
     *
     * @param model  taken over
     * @param pixels (channels, height, width)
     */
    ServiceTarget(VitModel model, ServiceOptions options, float[] pixels) {
        request = Request.logits(pixels);
        service = VitService.start(model, options);
        service.ready().join();
    }

    @Override
    public String name() {
        return VERSION == null ? "vit" : "vit " + VERSION;
    }

    @Override
    public void send(long deadline, Reply reply) {
        long left = Math.max(1, deadline - System.nanoTime());
        try {
            service.submit(request.within(Duration.ofNanos(left))).whenComplete((_, fault) -> end(fault, reply));
        } catch (RequestRefusedException e) {
            reply.refused(e.reason().name());
        }
    }

    private static void end(Throwable fault, Reply reply) {
        switch (fault) {
            case null -> reply.answered();
            case RequestRefusedException e when e.reason() == Reason.EXPIRED -> reply.expired(e.reason().name());
            case RequestRefusedException e -> reply.refused(e.reason().name());
            default -> reply.failed(fault.toString());
        }
    }

    @Override
    public boolean isInProcess() {
        return true;
    }

    @Override
    public ServiceReading reading() {
        return ServiceReading.of(service.statistics());
    }

    @Override
    public void close() {
        service.close();
    }
}
