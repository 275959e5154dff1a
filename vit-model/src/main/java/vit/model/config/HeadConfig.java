package vit.model.config;

import java.io.Serializable;
import java.util.Objects;

/**
 * What follows the pooled vector.
 *
 * @param preLogits whether a square linear layer and tanh precede the classification layer
 * @param kind      what the last layer's outputs are
 * @param classes   outputs of the last layer; 0 if there is no such layer and the embedding is the pooled vector
 * @param bias      whether the last layer has a bias
 * @param scores    what turns logits into scores; it must be the sigmoid if there is one class
 */
public record HeadConfig(boolean preLogits, Kind kind, int classes, boolean bias, Scores scores) implements Serializable {

    /** What the outputs of the last layer are. */
    public enum Kind {
        /** The logits of classes. */
        CLASSIFIER,
        /** The embedding of the image, in the space that images and texts share (Radford et al. 2021). */
        PROJECTION
    }


    /**
     * Checks the values.
     *
     * @throws IllegalArgumentException if the number of classes is negative or too large, there is one class and the scores are a softmax, or there is a
     *                                  projection to nothing
     */
    public HeadConfig {
        Objects.requireNonNull(kind, "kind");
        Objects.requireNonNull(scores, "scores");
        Dimensions.require(kind == Kind.CLASSIFIER || classes > 0, "a projection needs outputs");
        Dimensions.check("classes", classes, 0);
        Dimensions.require(classes != 1 || kind == Kind.PROJECTION || scores == Scores.SIGMOID, "one class has sigmoid scores: its softmax is 1 whatever the image");
    }
}
