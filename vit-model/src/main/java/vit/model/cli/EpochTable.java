package vit.model.cli;

import java.util.Locale;
import vit.model.train.EpochReport;

/** The table of epochs, one line per epoch. */
final class EpochTable {

    static final String HEADER = "epoch   loss    acc   val loss  val acc   lr        images/s";

    private EpochTable() {}

    /** The line of an epoch. A dash stands for what is not known: validation without images, or the speed of an epoch before a resume. */
    static String row(EpochReport r) {
        return String.format(Locale.ROOT, "%5d   %5s   %5s   %5s    %5s    %7.1e  %6s", r.epoch(), three(r.loss()), three(r.accuracy()),
                three(r.validationLoss()), three(r.validationAccuracy()), r.rate(), Double.isNaN(r.imagesPerSecond()) ? "-"
                        : String.format(Locale.ROOT, "%.0f", r.imagesPerSecond())).stripTrailing();
    }

    private static String three(double value) {
        return Double.isNaN(value) ? "-" : String.format(Locale.ROOT, "%.3f", value);
    }
}
