package vit.model.service;

/**
 * What a model with classes gives for one image, from one pass.
 *
 * @param logits        (classes)
 * @param probabilities (classes), by {@link vit.model.VitModel#scores}
 * @param embedding     (E)
 */
public record Outputs(float[] logits, double[] probabilities, float[] embedding) {}
