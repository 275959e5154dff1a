package vit.model.config;

/**
 * The function that turns a model's logits into scores. The rule is that of transformers' image classification pipeline: a sigmoid for a
 * model of one label and for {@code problem_type: multi_label_classification}, a softmax for all others.
 */
public enum Scores {

    /** One label per image: the scores of all classes add up to 1. */
    SOFTMAX,

    /** Any number of labels per image: each class has a probability of its own. */
    SIGMOID;

    /**
     * The score of every class, in [0, 1].
     *
     * @param logits those of the image are {@code logits[offset]} to {@code logits[offset + classes - 1]}
     */
    public double[] of(float[] logits, int offset, int classes) {
        double[] scores = new double[classes];
        if (this == SIGMOID) {
            for (int i = 0; i < classes; i++) {
                scores[i] = 1 / (1 + Math.exp(-(double) logits[offset + i]));
            }
            return scores;
        }
        double max = Double.NEGATIVE_INFINITY;
        for (int i = 0; i < classes; i++) {
            max = Math.max(max, logits[offset + i]);
        }
        double sum = 0;
        for (int i = 0; i < classes; i++) {
            scores[i] = Math.exp(logits[offset + i] - max);
            sum += scores[i];
        }
        for (int i = 0; i < classes; i++) {
            scores[i] /= sum;
        }
        return scores;
    }
}
