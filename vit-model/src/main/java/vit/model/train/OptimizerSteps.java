package vit.model.train;

import java.io.IOException;
import java.util.List;
import java.util.Optional;
import vit.kernels.optim.GradientNorm;
import vit.model.VitTraining;
import vit.model.parameters.NonFiniteWeights;
import vit.model.parameters.Parameter;
import vit.model.train.data.BatchPlan;

/** Takes the optimiser steps of a recipe: each clips the gradient that the training holds, and updates the weights and their moving average. For one thread. */
final class OptimizerSteps {

    private final VitTraining training;
    private final Recipe recipe;
    private final BatchPlan plan;
    private final ShardPass pass;

    OptimizerSteps(VitTraining training, Recipe recipe, BatchPlan plan, ShardPass pass) {
        this.training = training;
        this.recipe = recipe;
        this.plan = plan;
        this.pass = pass;
    }

    /** Steps of an epoch. */
    int perEpoch() {
        return plan.stepsPerEpoch();
    }

    /** Steps of the whole recipe. */
    long all() {
        return (long) perEpoch() * recipe.epochs();
    }

    /** The learning rate of a step, counted from 0. */
    double rate(long step) {
        return recipe.schedule().at(step, all());
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
            throw new DivergedException(pass.place("the initial weights are not finite", 0) + found.get());
        }
    }

    /** Takes one step at the learning rate of the recipe; see {@link #take(long, int, double)}. */
    void take(long step, int images) throws DivergedException {
        take(step, images, rate(step));
    }

    /**
     * Takes one step with the gradient that the training holds. The shards have divided it by the number of images that the plan has; if some could not be used, it
     * is divided here by the number of those that could.
     *
     * @param step   counted from 0
     * @param images that were used, at least one
     * @param rate   learning rate
     * @throws DivergedException if the gradient is not finite; the weights stay those before the step
     */
    void take(long step, int images, double rate) throws DivergedException {
        double correction = (double) plan.count(step) / images; // 1 as a rule
        double norm = correction * training.gradientNorm();
        if (!Double.isFinite(norm)) {
            throw new DivergedException(pass.place("gradients became " + norm, step) + new Divergence(training).inBackward());
        }
        training.step(rate, correction * (recipe.clip() > 0 ? GradientNorm.clipScale(norm, recipe.clip()) : 1));
        if (recipe.average() > 0) {
            double taken = step + 1;
            training.updateAverage(Math.min(recipe.average(), (1 + taken) / (10 + taken)));
        }
    }
}
