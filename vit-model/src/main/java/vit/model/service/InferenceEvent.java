package vit.model.service;

import jdk.jfr.Category;
import jdk.jfr.DataAmount;
import jdk.jfr.Description;
import jdk.jfr.Event;
import jdk.jfr.Label;
import jdk.jfr.Name;
import jdk.jfr.StackTrace;
import jdk.jfr.Timespan;

/** A pass of a session; its duration is the time of computing. Every worker has one and uses it again and again. */
@Name("vit.Inference")
@Label("Inference")
@Category({"ViT", "Service"})
@Description("A pass of a session over a batch of requests")
@StackTrace(false)
final class InferenceEvent extends Event {

    @Label("Batch")
    @Description("Images in the pass")
    int batch;

    @Label("Output")
    @Description("LOGITS or EMBEDDING")
    String output;

    @Label("Queue Time")
    @Description("How long the member that came first had waited")
    @Timespan
    long queueTime;

    @Label("Expected")
    @Description("The time that the pass was expected to take")
    @Timespan
    long expected;

    @Label("Bytes")
    @Description("Size of the images' pixels")
    @DataAmount
    long bytes;

    void end(Batch members) {
        end();
        if (shouldCommit()) {
            batch = members.size;
            output = members.members[0].output.name();
            expected = members.expectedNanos;
            queueTime = 0;
            bytes = 0;
            for (int i = 0; i < members.size; i++) {
                queueTime = Math.max(queueTime, members.started - members.members[i].queued);
                bytes += members.members[i].bytes;
            }
            commit();
        }
    }
}
