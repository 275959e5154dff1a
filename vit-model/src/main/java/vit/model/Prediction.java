package vit.model;

import java.util.List;
import java.util.stream.IntStream;
import vit.model.config.Scores;

/**
 * The classes of one image, most probable first.
 *
 * @param top the best classes; at least one
 */
public record Prediction(List<Ranked> top) {

    public Prediction {
        top = List.copyOf(top);
    }

    /**
     * One class.
     *
     * @param index       its number
     * @param label       its label, or the number in words where the model has no labels
     * @param probability in [0, 1]: the softmax or the sigmoid of the logits, as the model's {@link Scores} say
     */
    public record Ranked(int index, String label, double probability) {}

    /** The most probable class. */
    public Ranked best() {
        return top.getFirst();
    }

    /**
     * The {@code count} most probable classes; equal logits go by number, NaN last.
     *
     * @param logits from {@code offset}, as many as {@code classes}
     * @param labels one a class, or empty
     * @param scores what makes probabilities of them: {@link VitModel#scores()}
     */
    public static Prediction of(float[] logits, int offset, int classes, List<String> labels, int count, Scores scores) {
        double[] probabilities = scores.of(logits, offset, classes);
        return new Prediction(IntStream.range(0, classes).boxed()
                .sorted((a, b) -> Float.compare(key(logits[offset + b]), key(logits[offset + a])))
                .limit(Math.max(1, count))
                .map(i -> new Ranked(i, labels.isEmpty() ? String.valueOf(i) : labels.get(i), probabilities[i]))
                .toList());
    }

    private static float key(float logit) {
        return Float.isNaN(logit) ? Float.NEGATIVE_INFINITY : logit;
    }
}
