package vit.model;

import jdk.jfr.Category;
import jdk.jfr.DataAmount;
import jdk.jfr.Description;
import jdk.jfr.Event;
import jdk.jfr.FlightRecorder;
import jdk.jfr.Label;
import jdk.jfr.Name;
import jdk.jfr.StackTrace;

/**
 * A model was loaded; the duration is that of reading its weights, once the files' headers have been read. The first event of a program loads a hundred classes
 * of the JDK, so none is made before a recording has begun ({@link FlightRecorder#isInitialized}).
 */
@Name("vit.Load")
@Label("Load")
@Category("ViT")
@Description("The weights of a model were read into memory")
@StackTrace(false)
final class LoadEvent extends Event {

    @Label("Family")
    String family;

    @Label("Weights")
    @Description("Size of the weights in memory")
    @DataAmount
    long weights;

    static LoadEvent begun() {
        LoadEvent event = new LoadEvent();
        event.begin();
        return event;
    }

    void commit(VitModel model) {
        family = model.config().family();
        weights = model.weightBytes();
        commit();
    }
}
