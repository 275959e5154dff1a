package vit.model.service;

import jdk.jfr.Category;
import jdk.jfr.Description;
import jdk.jfr.Event;
import jdk.jfr.Label;
import jdk.jfr.Name;
import jdk.jfr.StackTrace;
import jdk.jfr.Timespan;
import vit.model.WarmUpReport;

/** A model was made ready to serve; the duration is that of opening, warming and measuring its sessions. */
@Name("vit.WarmUp")
@Label("Warm-up")
@Category({"ViT", "Service"})
@Description("The sessions of a model were warmed up and measured")
@StackTrace(false)
final class WarmUpEvent extends Event {

    @Label("Sessions")
    int sessions;

    @Label("Steady")
    @Description("Whether the time of a pass had become steady when the warm-up ended")
    boolean steady;

    @Label("Pass")
    @Description("Measured time of a pass over one image")
    @Timespan
    long pass;

    @Label("Largest Batch")
    @Description("Measured time of a pass over as many images as a batch may have")
    @Timespan
    long largestBatch;

    static WarmUpEvent begun() {
        WarmUpEvent event = new WarmUpEvent();
        event.begin();
        return event;
    }

    void commit(int count, WarmUpReport report, long[] costs) {
        if (shouldCommit()) {
            sessions = count;
            steady = report.ready();
            pass = costs[0];
            largestBatch = costs[costs.length - 1];
            commit();
        }
    }
}
