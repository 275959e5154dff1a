package vit.model.evaluate;

import java.util.List;

/**
 * How a model classifies labelled images.
 *
 * @param confusion   which class was taken for which
 * @param inTop       how many images have their class among the {@link #topClasses()} best ones
 * @param loss        mean cross-entropy in nats; NaN without images, and for scores that are a sigmoid
 * @param calibration whether the model is right as often as it says
 */
public record Evaluation(ConfusionMatrix confusion, int inTop, double loss, Calibration calibration) {

    /** How many classes {@link #top5()} looks at, if the model has as many. */
    public static final int TOP = 5;

    /** The names of the classes. */
    public List<String> classes() {
        return confusion.classes();
    }

    /** The number of images. */
    public int images() {
        return confusion.images();
    }

    /** The share of the images whose class has the highest score; of equal scores, the class of the lower number is the higher one. NaN without images. */
    public double top1() {
        return confusion.accuracy();
    }

    /**
     * The share of the images whose class is among the five best, or among all classes if the model has fewer than five; it is then 1. NaN without
     * images.
     */
    public double top5() {
        return images() == 0 ? Double.NaN : (double) inTop / images();
    }

    /** How many classes {@link #top5()} looks at: five, or all if there are fewer. */
    public int topClasses() {
        return Math.min(TOP, classes().size());
    }
}
