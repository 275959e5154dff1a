package vit.model.spark;

import java.io.Serializable;
import vit.model.train.FlatValues;

/**
 * The weights that a step begins with.
 *
 * @param version differs from that of all other weights of the training's driver
 * @param step    from 0
 * @param values  (parameters), in the order of {@link vit.model.train.FlatParameters}
 */
record StepWeights(long version, long step, FlatValues values) implements Serializable {}
