package vit.model.serve;

import java.time.Duration;
import java.util.concurrent.ExecutionException;
import vit.kernels.parallel.CallInterruptedException;
import vit.model.InputException;
import vit.model.NonFiniteException;
import vit.model.service.RequestRefusedException;
import vit.model.service.RequestRefusedException.Reason;

/** What is answered when something goes wrong. Clients never see a stack trace or the message of an internal fault. */
final class Faults {

    private static final System.Logger LOGGER = System.getLogger("vit.serve");

    private static final int UNPROCESSABLE = 422;
    private static final int INTERNAL = 500;
    static final int UNAVAILABLE = 503;
    private static final int EXPIRED = 504;

    private Faults() {}

    static RequestFault of(Throwable fault) {
        return switch (fault) {
            case RequestFault known -> known;
            case ExecutionException e when e.getCause() != null -> of(e.getCause());
            case RequestRefusedException refusal -> refused(refusal);
            case InputException e -> RequestFault.of(400, "BAD_IMAGE", e.getMessage());
            case NonFiniteException e -> RequestFault.of(UNPROCESSABLE, "NOT_FINITE", e.getMessage());
            case CallInterruptedException e -> RequestFault.retry(UNAVAILABLE, Reason.CLOSING.name(), "the server is closed", 1);
            default -> {
                LOGGER.log(System.Logger.Level.ERROR, "a request failed", fault);
                yield RequestFault.of(INTERNAL, "INTERNAL", "an internal fault; the server's log has more");
            }
        };
    }

    private static RequestFault refused(RequestRefusedException refusal) {
        String reason = refusal.reason().name();
        if (refusal.reason() == Reason.EXPIRED) {
            return RequestFault.of(EXPIRED, reason, refusal.getMessage());
        }
        if (refusal.retryAfter().isEmpty() && refusal.reason() == Reason.DEADLINE) {
            return RequestFault.of(UNAVAILABLE, reason, refusal.getMessage() + ": computing one image takes longer");
        }
        return RequestFault.retry(UNAVAILABLE, reason, refusal.getMessage(), refusal.retryAfter().map(Faults::seconds).orElse(1L));
    }

    /** Whole seconds, rounded up, as {@code Retry-After} has them. */
    private static long seconds(Duration time) {
        return Math.max(1, time.plusNanos(999_999_999).toSeconds());
    }
}
