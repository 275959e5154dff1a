/** Pictures of a training: loss and accuracy by epoch, and the confusion matrix. */
package vit.model.train.plot;
