package vit.model.train;

import java.io.IOException;
import vit.model.VitTraining;

/**
 * Computes the gradient of a step. A {@link Trainer} has one of its own, which computes shard after shard; another one may have other machines compute them. Both use
 * the same parts: {@link ShardWorker} computes a shard, and {@link GradientTree} adds.
 */
@FunctionalInterface
public interface StepGradient {

    /**
     * Leaves in {@code training} the sum of the gradients of all shards of a step.
     *
     * @param step     from 0
     * @param training its weights are those of the step
     * @return the sums over the images
     * @throws IOException       if images cannot be read, or another machine cannot be reached
     * @throws DivergedException if a loss is not finite
     */
    ShardStatistics compute(long step, VitTraining training) throws IOException, DivergedException;
}
