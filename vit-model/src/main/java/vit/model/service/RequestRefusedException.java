package vit.model.service;

import java.time.Duration;
import java.util.Optional;

/**
 * A request that the service refused, with the reason and the time after which it is worth trying again. Refusals are frequent under overload, so
 * this exception has no stack trace: the reason says everything.
 */
public final class RequestRefusedException extends Exception {

    private static final long serialVersionUID = 1;

    private static final double NANOS_PER_MILLISECOND = 1e6;

    /** Why a request was refused. */
    public enum Reason {
        /** No model has been warmed up yet. */
        NOT_READY("the service is not ready: its model is being warmed up"),
        /** As many requests wait as {@link ServiceOptions#queueLength} allows. */
        QUEUE_FULL("the queue is full"),
        /** The images of the waiting requests have as many bytes as {@link ServiceOptions#queueBytes} allows. */
        QUEUE_BYTES("the images in the queue have as many bytes as it may hold"),
        /** By the measured cost of the work ahead and of the request itself, the answer would come after the deadline. */
        DEADLINE("the deadline cannot be kept"),
        /** The image waited for its turn to be decoded until the deadline could no longer be kept. */
        DECODING("too many images are being decoded"),
        /** The request was admitted, and waited until its deadline had passed, because others took longer than predicted or were more urgent. */
        EXPIRED("the deadline passed while the request waited"),
        /** The service is closed, or was closed before the request's turn came. */
        CLOSING("the service is closed");

        private final String sentence;

        Reason(String sentence) {
            this.sentence = sentence;
        }
    }

    private final Reason reason;
    private final long retryNanos; // negative: unknown

    /** @param retryNanos after how long to come again, at least 0; negative if coming again does not help */
    RequestRefusedException(Reason reason, long retryNanos) {
        super(message(reason, retryNanos), null, false, false);
        this.reason = reason;
        this.retryNanos = retryNanos;
    }

    private static String message(Reason reason, long retryNanos) {
        return retryNanos < 0 ? reason.sentence : reason.sentence + "; try again in " + (long) Math.ceil(retryNanos / NANOS_PER_MILLISECOND) + " ms";
    }

    /** Why the request was refused. */
    public Reason reason() {
        return reason;
    }

    /**
     * After how long the same request would be admitted if no other came meanwhile. For {@link Reason#DECODING} nobody knows how long the images ahead take, and
     * this is as long as the request has waited for them. Empty if waiting does not help, because the service is closed, the deadline is shorter than the
     * computation of one image, or the image is larger than the queue; and for a request that was admitted and {@link Reason#EXPIRED expired}.
     */
    public Optional<Duration> retryAfter() {
        return retryNanos < 0 ? Optional.empty() : Optional.of(Duration.ofNanos(retryNanos));
    }
}
