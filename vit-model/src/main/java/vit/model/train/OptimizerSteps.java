package vit.model.train;

import java.io.IOException;
import java.util.List;
import java.util.Optional;
import vit.kernels.optim.GradientNorm;
import vit.model.VitTraining;
import vit.model.evaluate.Tally;
import vit.model.parameters.NonFiniteWeights;
import vit.model.parameters.Parameter;
import vit.model.train.data.Batch;

/**
 * Takes the optimiser steps of a recipe: each runs a batch through the model, in one pass or in several that take less memory, clips the gradient, and
 * updates the weights and their moving average. For one thread.
 */
final class OptimizerSteps {

    private final VitTraining training;
    private final Recipe recipe;
    private final int perEpoch;
    private final int imageElements;
    private final int classes;
    private final boolean soft; // whether targets are distributions over the classes
    private final int passImages; // most images in one pass
    private final float[] passPixels; // (passImages, 3, H, W); null where a batch is one pass
    private final float[] passTargets; // (passImages, classes), or null
    private final int[] passLabels;
    private final float[] passLogits; // (passImages, classes)
    private final float[] passLosses; // (passImages)
    private double lossSum;
    private long right;

    /**
     * Plans the memory of the passes.
     *
     * @param training takes as many images in a pass as {@link VitTraining#maxBatch} says
     * @param batch    the largest batch
     * @param perEpoch steps of an epoch
     */
    OptimizerSteps(VitTraining training, Recipe recipe, int batch, int perEpoch, int imageElements) {
        this.training = training;
        this.recipe = recipe;
        this.perEpoch = perEpoch;
        this.imageElements = imageElements;
        this.classes = training.config().classes();
        this.soft = recipe.mixing().isActive();
        this.passImages = training.maxBatch();
        boolean whole = passImages == batch;
        this.passPixels = whole ? null : new float[passImages * imageElements];
        this.passTargets = whole ? null : new float[passImages * classes];
        this.passLabels = new int[passImages];
        this.passLogits = new float[passImages * classes];
        this.passLosses = new float[passImages];
    }

    /** Steps of an epoch. */
    int perEpoch() {
        return perEpoch;
    }

    /** Steps of the whole recipe. */
    long all() {
        return (long) perEpoch * recipe.epochs();
    }

    /** The learning rate of a step, counted from 0. */
    double rate(long step) {
        return recipe.schedule().at(step, all());
    }

    /** Sum of the losses of the images of the last step. */
    double lossSum() {
        return lossSum;
    }

    /** How many images of the last step were classified as the class that is heaviest in their target. */
    long right() {
        return right;
    }

    /**
     * Looks at the initial weights from which a loss may be finite although they are not ({@link NonFiniteWeights#mayHide}).
     *
     * @throws DivergedException if one of them is not finite
     */
    void requireNothingHidden() throws IOException, DivergedException {
        List<Parameter> hiding = training.parameters().list().stream().filter(parameter -> NonFiniteWeights.mayHide(training.config(), parameter)).toList();
        Optional<String> found = NonFiniteWeights.first(training, hiding);
        if (found.isPresent()) {
            throw new DivergedException(place("the initial weights are not finite", 0) + found.get());
        }
    }

    /**
     * Takes one step.
     *
     * @param batch at least one image
     * @param step  counted from 0
     * @throws DivergedException if the loss or a gradient is not finite; the weights stay those before the step
     */
    void take(Batch batch, long step) throws DivergedException {
        training.clearGradients();
        lossSum = 0;
        right = 0;
        for (int from = 0; from < batch.count; from += passImages) {
            int count = Math.min(passImages, batch.count - from);
            pass(batch, from, count, step);
            for (int b = 0; b < count; b++) {
                lossSum += passLosses[b];
                right += Tally.highest(passLogits, b * classes, classes) == heaviest(batch, from + b) ? 1 : 0;
            }
        }
        double norm = training.gradientNorm();
        if (!Double.isFinite(norm)) {
            throw new DivergedException(place("gradients became " + norm, step) + new Divergence(training).inBackward());
        }
        training.step(rate(step), recipe.clip() > 0 ? GradientNorm.clipScale(norm, recipe.clip()) : 1);
        if (recipe.average() > 0) {
            double taken = step + 1;
            training.updateAverage(Math.min(recipe.average(), (1 + taken) / (10 + taken)));
        }
    }

    /** Forward and backward pass of {@code count} images of the batch. The factor 1 / batch is that of the whole batch. */
    private void pass(Batch batch, int from, int count, long step) throws DivergedException {
        float[] pixels = batch.images;
        float[] targets = batch.targets;
        if (passPixels != null) {
            pixels = passPixels;
            System.arraycopy(batch.images, from * imageElements, pixels, 0, count * imageElements);
            if (soft) {
                targets = passTargets;
                System.arraycopy(batch.targets, from * classes, targets, 0, count * classes);
            }
        }
        System.arraycopy(batch.labels, from, passLabels, 0, count);
        double loss = soft ? training.accumulate(pixels, targets, count, 1.0 / batch.count)
                : training.accumulate(pixels, passLabels, count, 1.0 / batch.count);
        if (!Double.isFinite(loss)) {
            throw new DivergedException(place("the loss became " + loss, step)
                    + new Divergence(training).inForward(pixels, soft ? targets : null, passLabels, count));
        }
        training.logits(passLogits, count);
        training.losses(passLosses, count);
    }

    private String place(String what, long step) {
        return what + " in epoch " + (step / perEpoch + 1) + ", step " + (step + 1) + " of " + all() + ": ";
    }

    private int heaviest(Batch batch, int b) {
        return soft ? Tally.highest(batch.targets, b * classes, classes) : batch.labels[b];
    }
}
