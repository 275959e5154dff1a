package vit.model.spark;

import java.io.Serializable;

/**
 * What the model said about one image. Where {@code error} is given, every other component is null; otherwise those that were not asked for are null.
 *
 * @param logits      (classes)
 * @param embedding   (embedding width)
 * @param classNumber the most probable class, from 0; −1 if it was not asked for or there is an error
 * @param label       the label of that class, or its number in decimal if the model has no labels
 * @param probability the probability of that class, in [0, 1]
 * @param error       why there is no answer: the image cannot be used, or the result is not finite
 */
public record ImageAnswer(float[] logits, float[] embedding, int classNumber, String label, double probability, String error) implements Serializable {

    static ImageAnswer ofError(String error) {
        return new ImageAnswer(null, null, -1, null, Double.NaN, error);
    }
}
