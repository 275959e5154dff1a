package vit.model.train;

import vit.model.VitTraining;
import vit.model.evaluate.Tally;
import vit.model.train.data.Batch;
import vit.model.train.data.BatchPlan;

/**
 * Runs the images of a shard through the model, in one pass or in several that take less memory, and leaves their gradient in the training. The factor on every
 * image's gradient is one over the images that the plan has for the whole step. For one thread.
 */
final class ShardPass {

    private final VitTraining training;
    private final Recipe recipe;
    private final BatchPlan plan;
    private final int imageElements;
    private final int classes;
    private final boolean mixed; // whether targets are distributions over the classes
    private final ClassWeights weights; // or null
    private final int passImages; // most images in one pass
    private final float[] passPixels; // (passImages, 3, H, W); null where a shard is one pass
    private final float[] passTargets; // (passImages, classes); null where a shard is one pass without weights
    private final int[] passLabels;
    private final float[] passLogits; // (passImages, classes)
    private final float[] passLosses; // (passImages)

    /**
     * @param training takes as many images in a pass as {@link VitTraining#maxBatch} says
     * @param weights  of the classes, or null
     */
    ShardPass(VitTraining training, Recipe recipe, BatchPlan plan, ClassWeights weights) {
        this.training = training;
        this.recipe = recipe;
        this.plan = plan;
        this.imageElements = training.config().channels() * training.config().imageHeight() * training.config().imageWidth();
        this.classes = training.config().classes();
        this.mixed = recipe.mixing().isActive();
        this.weights = weights;
        this.passImages = training.maxBatch();
        boolean whole = passImages >= plan.mostInShard();
        this.passPixels = whole ? null : new float[passImages * imageElements];
        this.passTargets = whole && weights == null ? null : new float[passImages * classes];
        this.passLabels = new int[passImages];
        this.passLogits = new float[passImages * classes];
        this.passLosses = new float[passImages];
    }

    /**
     * Runs a shard. A shard without images has the gradient zero.
     *
     * @throws DivergedException if the loss is not finite
     */
    ShardStatistics run(Batch batch, long step, int shard) throws DivergedException {
        training.clearGradients(plan.first(step, shard));
        double lossSum = 0;
        long right = 0;
        for (int from = 0; from < batch.count; from += passImages) {
            int count = Math.min(passImages, batch.count - from);
            pass(batch, from, count, step);
            for (int b = 0; b < count; b++) {
                lossSum += passLosses[b];
                right += Tally.highest(passLogits, b * classes, classes) == heaviest(batch, from + b) ? 1 : 0;
            }
        }
        return new ShardStatistics(lossSum, right, batch.count, batch.unreadable());
    }

    private void pass(Batch batch, int from, int count, long step) throws DivergedException {
        float[] pixels = batch.images;
        float[] targets = batch.targets;
        if (passPixels != null) {
            pixels = passPixels;
            System.arraycopy(batch.images, from * imageElements, pixels, 0, count * imageElements);
            if (mixed) {
                targets = passTargets;
                System.arraycopy(batch.targets, from * classes, targets, 0, count * classes);
            }
        }
        if (weights != null) {
            targets = passTargets;
            weights.targets(batch, mixed, from, count, recipe.labelSmoothing(), targets);
        }
        boolean soft = mixed || weights != null;
        System.arraycopy(batch.labels, from, passLabels, 0, count);
        double scale = 1.0 / plan.count(step);
        double loss = soft ? training.accumulate(pixels, targets, count, scale) : training.accumulate(pixels, passLabels, count, scale);
        if (!Double.isFinite(loss)) {
            throw new DivergedException(place("the loss became " + loss, step) + new Divergence(training).inForward(pixels, soft ? targets : null, passLabels, count));
        }
        training.logits(passLogits, count);
        training.losses(passLosses, count);
    }

    /** The beginning of a message about a step. */
    String place(String what, long step) {
        return what + " in epoch " + (plan.epoch(step) + 1) + ", step " + (step + 1) + " of " + (long) plan.stepsPerEpoch() * recipe.epochs() + ": ";
    }

    private int heaviest(Batch batch, int b) {
        return mixed ? Tally.highest(batch.targets, b * classes, classes) : batch.labels[b];
    }
}
