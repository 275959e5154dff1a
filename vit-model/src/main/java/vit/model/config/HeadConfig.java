package vit.model.config;

import java.util.Objects;

/**
 * What stands behind the pooled vector.
 *
 * @param preLogits whether a square linear layer and tanh stand before the classification layer
 * @param classes   outputs of the classification layer; 0: there is none, the model only embeds
 * @param scores    what makes scores of the logits; the sigmoid where there is one class
 */
public record HeadConfig(boolean preLogits, int classes, Scores scores) {

    public HeadConfig {
        Objects.requireNonNull(scores, "scores");
        Dimensions.check("classes", classes, 0);
        Dimensions.require(classes != 1 || scores == Scores.SIGMOID, "one class has sigmoid scores: its softmax is 1 whatever the image");
    }
}
