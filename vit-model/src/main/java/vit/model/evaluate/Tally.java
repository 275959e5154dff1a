package vit.model.evaluate;

import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import vit.model.config.Scores;

/**
 * Counts how images are classified, one after the other. The result is the same in every JVM; sums depend on the order of the images. For one thread.
 *
 * <!-- given: List<String> classes, float[] logits -->
 * <pre>{@code
 * Tally tally = new Tally(classes, Scores.SOFTMAX);
 * tally.add(logits, 0, 3);                           // the logits of an image of class 3
 * double accuracy = tally.evaluation().top1();
 * }</pre>
 */
public final class Tally {

    private final List<String> classes;
    private final Scores scores;
    private final Map<Long, Integer> cells = new TreeMap<>();
    private final Calibration.Counts calibration = new Calibration.Counts();
    private int images;
    private int inTop;
    private double loss;

    /**
     * A tally of no images.
     *
     * @param classes names, in the order of the logits; at least one
     * @param scores  what turns logits into confidences
     */
    public Tally(List<String> classes, Scores scores) {
        if (classes.isEmpty()) {
            throw new IllegalArgumentException("a model without classes has nothing to count");
        }
        this.classes = List.copyOf(classes);
        this.scores = scores;
    }

    /**
     * How one image was classified.
     *
     * @param truth      the class of the image
     * @param predicted  the class with the highest logit; of equal ones the first
     * @param rank       how many classes come before the true one: 0 if the image was classified as what it is
     * @param confidence the score of the predicted class, in [0, 1]
     */
    public record Outcome(int truth, int predicted, int rank, double confidence) {

        /** Whether the image was classified as what it is. */
        public boolean isRight() {
            return truth == predicted;
        }
    }

    /**
     * Counts an image.
     *
     * @param logits the image's logits are {@code logits[offset]} to {@code logits[offset + classes - 1]}
     * @param truth  its class
     */
    public Outcome add(float[] logits, int offset, int truth) {
        int count = classes.size();
        if (truth < 0 || truth >= count) {
            throw new IllegalArgumentException("class " + truth + " of " + count);
        }
        int predicted = highest(logits, offset, count);
        double max = logits[offset + predicted];
        double sum = 0;
        int before = 0;
        for (int c = 0; c < count; c++) {
            float logit = logits[offset + c];
            before += logit > logits[offset + truth] || logit == logits[offset + truth] && c < truth ? 1 : 0;
            sum += StrictMath.exp(logit - max);
        }
        double confidence = scores == Scores.SIGMOID ? 1 / (1 + StrictMath.exp(-max)) : 1 / sum;
        loss += max + StrictMath.log(sum) - logits[offset + truth];
        images++;
        inTop += before < Math.min(Evaluation.TOP, count) ? 1 : 0;
        cells.merge(ConfusionMatrix.key(truth, predicted, count), 1, Integer::sum);
        calibration.add(confidence, predicted == truth);
        return new Outcome(truth, predicted, before, confidence);
    }

    /** What has been counted so far. */
    public Evaluation evaluation() {
        boolean entropy = images > 0 && scores == Scores.SOFTMAX;
        return new Evaluation(new ConfusionMatrix(classes, cells), inTop, entropy ? loss / images : Double.NaN, calibration.calibration());
    }

    /** The index of the largest of {@code count} values; of equal ones the first. */
    public static int highest(float[] values, int offset, int count) {
        int best = 0;
        for (int i = 1; i < count; i++) {
            if (values[offset + i] > values[offset + best]) {
                best = i;
            }
        }
        return best;
    }
}
