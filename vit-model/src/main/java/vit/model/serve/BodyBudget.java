package vit.model.serve;

import java.util.concurrent.atomic.AtomicLong;

/**
 * The bytes that the bodies of all requests, and what is made of them, take together. Bytes are taken as they arrive, so a client that announces many and sends few holds
 * few.
 */
final class BodyBudget {

    private final long limit;
    private final AtomicLong taken = new AtomicLong();

    BodyBudget(long limit) {
        this.limit = limit;
    }

    /** Takes some bytes, or refuses the request. */
    void take(long bytes) throws RequestFault {
        if (taken.addAndGet(bytes) > limit) {
            taken.addAndGet(-bytes);
            throw RequestFault.retry(503, "BODY_BYTES", "the bodies of other requests take all the memory there is for them", 1);
        }
    }

    void giveBack(long bytes) {
        taken.addAndGet(-bytes);
    }

    long taken() {
        return taken.get();
    }
}
