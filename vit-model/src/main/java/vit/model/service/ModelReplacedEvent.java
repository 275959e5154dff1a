package vit.model.service;

import jdk.jfr.Category;
import jdk.jfr.DataAmount;
import jdk.jfr.Description;
import jdk.jfr.Event;
import jdk.jfr.Label;
import jdk.jfr.Name;
import jdk.jfr.StackTrace;
import vit.model.VitModel;

/** A service serves another model from now on. */
@Name("vit.ModelReplaced")
@Label("Model Replaced")
@Category({"ViT", "Service"})
@Description("A service has switched to another model; the duration includes the warm-up")
@StackTrace(false)
final class ModelReplacedEvent extends Event {

    @Label("Service")
    String service;

    @Label("Weights")
    @Description("Size of the new model's weights in memory")
    @DataAmount
    long weights;

    static ModelReplacedEvent begun() {
        ModelReplacedEvent event = new ModelReplacedEvent();
        event.begin();
        return event;
    }

    void commit(String name, VitModel model) {
        service = name;
        weights = model.weightBytes();
        commit();
    }
}
