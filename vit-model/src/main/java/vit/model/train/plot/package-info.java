/** Pictures of a training: loss and accuracy by epoch. */
package vit.model.train.plot;
