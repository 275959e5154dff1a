package vit.model;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.IntStream;
import vit.model.config.Scores;

/**
 * The most probable classes of one image, most probable first. Immutable.
 *
 * <!-- given: VitSession session -->
 * <pre>{@code
 * Prediction prediction = session.classify(Path.of("photo.jpg"));
 * System.out.println(prediction.best().label() + " " + prediction.best().probability());
 * }</pre>
 *
 * @param top the classes; at least one
 */
public record Prediction(List<Ranked> top) {

    /** Copies the list. */
    public Prediction {
        top = List.copyOf(top);
    }

    /**
     * One class.
     *
     * @param index       the number of the class, from 0: its place in the logits
     * @param label       its label, or its number in decimal if the model has no labels
     * @param probability in [0, 1]: the softmax or the sigmoid of the logits, according to {@link VitModel#scores}
     */
    public record Ranked(int index, String label, double probability) {

        /** The fields of this class in JSON: {@code class}, {@code label}, {@code probability}. */
        public Map<String, Object> fields() {
            Map<String, Object> fields = new LinkedHashMap<>();
            fields.put("class", index);
            fields.put("label", label);
            fields.put("probability", probability);
            return fields;
        }
    }

    /** The most probable class. */
    public Ranked best() {
        return top.getFirst();
    }

    /**
     * The {@code count} most probable classes of one image, from logits that the caller has, for example those of {@link VitSession#logits}. Classes
     * of equal logits are in the order of their numbers; NaN comes last.
     *
     * @param logits  the image's logits are {@code logits[offset]} to {@code logits[offset + classes - 1]}
     * @param labels  one for each class, or empty
     * @param count   how many classes, at least one; all of them if there are fewer
     * @param scores  what turns logits into probabilities: {@link VitModel#scores()}
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
