package vit.model.service;

import java.util.concurrent.atomic.AtomicLong;
import java.util.function.Consumer;
import java.util.function.LongSupplier;
import vit.model.service.RequestRefusedException.Reason;

/** Tells the operator that requests are refused, at most once a minute. Any thread may call. */
final class OverloadLog implements Consumer<Reason> {

    private static final long PAUSE_NANOS = 60_000_000_000L;

    private final LongSupplier clock;
    private final Consumer<String> log;
    private final AtomicLong due = new AtomicLong(); // when the next message may be written
    private final AtomicLong refused = new AtomicLong(); // since the last message

    /** @param log writes a message */
    OverloadLog(LongSupplier clock, Consumer<String> log) {
        this.clock = clock;
        this.log = log;
    }

    /** A request was refused. Refusals before the service is ready and after it is closed are no overload. */
    @Override
    public void accept(Reason reason) {
        if (reason == Reason.NOT_READY || reason == Reason.CLOSING) {
            return;
        }
        refused.incrementAndGet();
        long now = clock.getAsLong();
        long time = due.get();
        if (now >= time && due.compareAndSet(time, now + PAUSE_NANOS)) {
            log.accept("requests are refused, the latest as " + reason + "; " + refused.getAndSet(0) + " since the last such message");
        }
    }
}
