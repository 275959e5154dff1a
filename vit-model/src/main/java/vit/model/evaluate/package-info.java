/**
 * How well a model classifies labelled images: {@link vit.model.evaluate.Tally} takes the logits of one image after the other and gives an
 * {@link vit.model.evaluate.Evaluation}, with a {@link vit.model.evaluate.ConfusionMatrix} and a {@link vit.model.evaluate.Calibration}.
 * {@link vit.model.evaluate.ClassMatch} finds the model's classes for the names of folders. Training uses the same definitions.
 */
package vit.model.evaluate;
