/** Pictures of an evaluation: the confusion matrix, the reliability diagram, and the worst mistakes. */
package vit.model.evaluate.plot;
