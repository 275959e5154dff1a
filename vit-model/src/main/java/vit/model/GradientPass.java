package vit.model;

import java.util.Objects;
import vit.kernels.parallel.Workers;
import vit.model.backward.TrainingPass;
import vit.model.config.Scores;
import vit.model.config.VitConfig;
import vit.model.config.VitConfig.FinalNorm;
import vit.model.forward.Spans;

/**
 * The forward and backward pass of a training over the caller's arrays: images and labels are copied into the planned memory, the team runs the pass,
 * and results are copied out. The memory serves one call at a time. {@link VitTraining} makes sure of that; every method but the checks belongs into a
 * call that has begun.
 */
final class GradientPass {

    private final VitConfig config;
    private final TrainingPass pass;
    private final int maxBatch;
    private final int imageElements;
    private int imagesInStep; // before the next one

    GradientPass(VitConfig config, TrainingPass pass, int maxBatch) {
        this.config = config;
        this.pass = pass;
        this.maxBatch = maxBatch;
        this.imageElements = config.channels() * config.imageHeight() * config.imageWidth();
    }

    /** Refuses a model whose loss or gradients the pass cannot compute. */
    static void checkTrainable(VitConfig config) {
        if (config.scores() == Scores.SIGMOID && !config.isProjection()) {
            throw new IllegalArgumentException(config.classes() == 1
                    ? "a model of one class cannot be trained: the loss is the cross-entropy of a softmax, which is 0 for one class"
                    : "a model with sigmoid scores cannot be trained: the loss is the cross-entropy of a softmax, for one label an image; "
                            + "give the configuration softmax scores");
        }
        if (config.preLogits()) {
            throw new IllegalArgumentException("models with a pre-logits layer cannot be trained; fine-tuning drops it (convert the weights to a plain model first)");
        }
        if (config.distillationToken() && config.classes() == 0) {
            throw new IllegalArgumentException("a model with a distillation token is trained by its two heads: give it classes");
        }
        if (config.distillationToken() && config.finalNorm() == FinalNorm.AFTER_POOLING) {
            throw new IllegalArgumentException("a model with a distillation token is trained with the final norm before the pooling");
        }
    }

    /** Refuses a loss of classes for a model that has none. */
    void checkClasses() {
        if (!hasClasses()) {
            throw new IllegalStateException("a model without a head for classes cannot be trained to classify: give it classes");
        }
    }

    /**
     * Refuses to give results of the head for classes if there is none.
     *
     * @param results what they are called, for the message
     */
    void checkClasses(String results) {
        if (!hasClasses()) {
            throw new IllegalStateException("a model without a head for classes has no " + results + "; an EmbeddingLoss is given its embeddings");
        }
    }

    private boolean hasClasses() {
        return config.classes() > 0 && !config.isProjection();
    }

    /** Refuses a loss of embeddings for a model with a head for classes. */
    void checkEmbeddings() {
        if (hasClasses()) {
            throw new IllegalStateException("the model has a head for classes: its loss is one of logits");
        }
    }

    /** Refuses a batch that is not planned for, or an array that does not hold it. */
    void check(float[] images, int batch) {
        check("images", images, batch, imageElements);
    }

    /** The same for results: the logits. */
    void checkLogits(float[] target, int batch) {
        check("logits", target, batch, config.classes());
    }

    /** The same for results: the loss of every image. */
    void checkLosses(float[] target, int batch) {
        check("losses", target, batch, 1);
    }

    private void check(String name, float[] values, int batch, int each) {
        if (batch < 1 || batch > maxBatch) {
            throw new IllegalArgumentException("a batch of " + batch + " images; planned are 1 to " + maxBatch);
        }
        SessionPass.checkLength(name, Objects.requireNonNull(values, name), batch, each);
    }

    void checkImageGradient(float[] target, int batch) {
        if (pass.dimages == null) {
            throw new IllegalArgumentException("no image gradient was planned; see TrainingOptions.withImageGradient");
        }
        check("the gradient of the images", target, batch, imageElements);
    }

    /** The gradients have been cleared; so many images of the step come before the next one. */
    void beginStep(int firstImage) {
        imagesInStep = firstImage;
    }

    /** Sets the targets of the next run: each label's class is 1. */
    void setLabels(int[] labels, int batch) {
        if (labels.length < batch) {
            throw new IllegalArgumentException("labels: an array of " + labels.length + "; expected at least " + batch);
        }
        for (int b = 0; b < batch; b++) {
            if (labels[b] < 0 || labels[b] >= config.classes()) {
                throw new IllegalArgumentException("label " + labels[b] + " of image " + b + "; expected 0 to " + (config.classes() - 1));
            }
            for (int c = 0; c < config.classes(); c++) {
                pass.targets.set(b, c, c == labels[b] ? 1 : 0);
            }
        }
    }

    /** Sets the targets of the next run, (batch, classes). */
    void setTargets(float[] targets, int batch) {
        SessionPass.checkLength("targets", targets, batch, config.classes());
        Spans.write(pass.targets, targets, batch * config.classes());
    }

    /**
     * Runs the pass on these images, with the targets that were set, and adds to the gradients.
     *
     * @param scale factor on the gradient of each image's loss
     * @param steps optimiser steps taken before, for the masks of dropout
     * @return the mean loss of the images
     */
    double run(Workers workers, float[] images, int batch, double scale, int steps, StageObserver observer) {
        Spans.write(pass.images, images, batch * imageElements);
        pass.prepare(batch, scale, steps, imagesInStep, observer);
        workers.run(pass);
        imagesInStep += batch;
        double sum = 0;
        for (int b = 0; b < batch; b++) {
            sum += pass.losses.get(0, b);
        }
        return sum / batch;
    }

    /** Runs the pass on these images with a loss of their embeddings, adds to the gradients, and returns the loss. */
    double run(Workers workers, float[] images, int batch, EmbeddingLoss loss, int steps, StageObserver observer) {
        Spans.write(pass.images, images, batch * imageElements);
        pass.prepare(batch, 1, steps, imagesInStep, observer);
        pass.lossOfEmbeddings(loss);
        try {
            workers.run(pass);
        } finally {
            pass.lossOfEmbeddings(null);
        }
        imagesInStep += batch;
        return pass.loss();
    }

    /**
     * Runs the pass on one image that is all zeros, for warming up. It adds to the gradients, which the caller restores, and is not counted as
     * an image of the step.
     *
     * @param steps optimiser steps taken before
     */
    void rehearse(Workers workers, int steps) {
        pass.images.rows(0, 1).fill(0);
        if (hasClasses()) {
            pass.targets.rows(0, 1).fill(0);
            pass.prepare(1, 1, steps, imagesInStep, null);
            workers.run(pass);
        } else {
            pass.prepare(1, 1, steps, imagesInStep, null);
            pass.lossOfEmbeddings(TrainingWarmUp::zeroLoss);
            try {
                workers.run(pass);
            } finally {
                pass.lossOfEmbeddings(null);
            }
        }
    }

    /** Copies the logits of the last run. */
    void logits(float[] target, int batch) {
        Spans.read(pass.logits, target, batch * config.classes());
    }

    /** Copies the loss of every image of the last run. */
    void losses(float[] target, int batch) {
        Spans.read(pass.losses, target, batch);
    }

    /** Copies the gradient of the images of the last run. */
    void imageGradient(float[] target, int batch) {
        Spans.read(pass.dimages, target, batch * imageElements);
    }
}
