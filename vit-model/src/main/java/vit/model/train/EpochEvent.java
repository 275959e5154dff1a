package vit.model.train;

import jdk.jfr.Category;
import jdk.jfr.Description;
import jdk.jfr.Event;
import jdk.jfr.Label;
import jdk.jfr.Name;
import jdk.jfr.StackTrace;

/** An epoch of a training; the duration is that of its steps and its validation, after a resume only of those since. */
@Name("vit.Epoch")
@Label("Epoch")
@Category({"ViT", "Training"})
@Description("An epoch of a training and its validation")
@StackTrace(false)
final class EpochEvent extends Event {

    @Label("Epoch")
    @Description("Number of the epoch, from 1")
    int epoch;

    @Label("Loss")
    @Description("Mean loss of the training images")
    double loss;

    @Label("Accuracy")
    @Description("Share of the training images that were classified correctly during the epoch")
    double accuracy;

    @Label("Validation Loss")
    @Description("Mean cross-entropy of the validation images; NaN if there are none")
    double validationLoss;

    @Label("Validation Accuracy")
    @Description("Share of the validation images that were classified correctly; NaN if there are none")
    double validationAccuracy;

    @Label("Images")
    @Description("Training images of the whole epoch, also of the part before a resume, which the duration leaves out")
    long images;

    static EpochEvent begun() {
        EpochEvent event = new EpochEvent();
        event.begin();
        return event;
    }

    void commit(EpochReport report, long seen) {
        epoch = report.epoch();
        loss = report.loss();
        accuracy = report.accuracy();
        validationLoss = report.validationLoss();
        validationAccuracy = report.validationAccuracy();
        images = seen;
        commit();
    }
}
