package vit.model.config;

import java.util.Objects;

/**
 * What follows the pooled vector.
 *
 * @param preLogits whether a square linear layer and tanh precede the classification layer
 * @param classes   outputs of the classification layer; 0 if there is no such layer and the model only computes embeddings
 * @param scores    what turns logits into scores; it must be the sigmoid if there is one class
 */
public record HeadConfig(boolean preLogits, int classes, Scores scores) {

    /**
     * Checks the values.
     *
     * @throws IllegalArgumentException if the number of classes is negative or too large, or there is one class and the scores are a softmax
     */
    public HeadConfig {
        Objects.requireNonNull(scores, "scores");
        Dimensions.check("classes", classes, 0);
        Dimensions.require(classes != 1 || scores == Scores.SIGMOID, "one class has sigmoid scores: its softmax is 1 whatever the image");
    }
}
