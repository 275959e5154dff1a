package vit.model;

import java.util.List;
import java.util.stream.IntStream;

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
     * @param probability softmax of the logits, in [0, 1]
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
     */
    public static Prediction of(float[] logits, int offset, int classes, List<String> labels, int count) {
        double max = Double.NEGATIVE_INFINITY;
        for (int i = 0; i < classes; i++) {
            max = Math.max(max, logits[offset + i]);
        }
        double sum = 0;
        for (int i = 0; i < classes; i++) {
            sum += Math.exp(logits[offset + i] - max);
        }
        double total = sum;
        double shift = max;
        return new Prediction(IntStream.range(0, classes).boxed()
                .sorted((a, b) -> Float.compare(key(logits[offset + b]), key(logits[offset + a])))
                .limit(Math.max(1, count))
                .map(i -> new Ranked(i, labels.isEmpty() ? String.valueOf(i) : labels.get(i),
                        Math.exp(logits[offset + i] - shift) / total))
                .toList());
    }

    private static float key(float logit) {
        return Float.isNaN(logit) ? Float.NEGATIVE_INFINITY : logit;
    }
}
