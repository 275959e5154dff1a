package vit.model.service;

import jdk.jfr.Category;
import jdk.jfr.Description;
import jdk.jfr.Event;
import jdk.jfr.Label;
import jdk.jfr.Name;
import jdk.jfr.StackTrace;
import jdk.jfr.Timespan;

/** A request was refused. */
@Name("vit.Refusal")
@Label("Refusal")
@Category({"ViT", "Service"})
@Description("A request that the service refused")
@StackTrace(false)
final class RefusalEvent extends Event {

    @Label("Reason")
    String reason;

    @Label("Retry After")
    @Description("After how long the same request would be admitted; negative if waiting does not help")
    @Timespan
    long retryAfter;

    static void commit(RequestRefusedException refusal) {
        RefusalEvent event = new RefusalEvent();
        if (event.shouldCommit()) {
            event.reason = refusal.reason().name();
            event.retryAfter = refusal.retryAfter().map(java.time.Duration::toNanos).orElse(-1L);
            event.commit();
        }
    }
}
