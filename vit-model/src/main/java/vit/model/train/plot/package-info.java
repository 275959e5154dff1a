/** Pictures of a training, for the command line: they need XChart. */
package vit.model.train.plot;
