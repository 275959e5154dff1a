package vit.model;

import vit.kernels.parallel.Workers;

/**
 * How a training session computes. Immutable.
 *
 * @param threads        size of the team, the calling thread included
 * @param maxBatch       most images in one pass; memory is planned for it
 * @param checkpointing  whether only the input of each block is kept and its forward pass runs again in the backward pass:
 *                       less memory, a third more arithmetic, the same bits
 * @param imageGradient  whether the gradient of the images is wanted as well
 * @param labelSmoothing share of every target that is spread evenly over the classes, in [0, 1) (Szegedy et al. 2016)
 */
public record TrainingOptions(int threads, int maxBatch, boolean checkpointing, boolean imageGradient, double labelSmoothing) {

    public TrainingOptions {
        if (threads < 1 || threads > Workers.MAX_COUNT) {
            throw new IllegalArgumentException("threads " + threads + "; expected 1 to " + Workers.MAX_COUNT);
        }
        if (maxBatch < 1) {
            throw new IllegalArgumentException("batch " + maxBatch + "; expected 1 or more");
        }
        if (!(labelSmoothing >= 0 && labelSmoothing < 1)) {
            throw new IllegalArgumentException("label smoothing " + labelSmoothing + "; expected 0 to below 1");
        }
    }

    /** Plain training of up to {@code batch} images a pass. */
    public static TrainingOptions of(int threads, int batch) {
        return new TrainingOptions(threads, batch, false, false, 0);
    }

    public TrainingOptions withCheckpointing(boolean value) {
        return new TrainingOptions(threads, maxBatch, value, imageGradient, labelSmoothing);
    }

    public TrainingOptions withImageGradient(boolean value) {
        return new TrainingOptions(threads, maxBatch, checkpointing, value, labelSmoothing);
    }

    public TrainingOptions withLabelSmoothing(double value) {
        return new TrainingOptions(threads, maxBatch, checkpointing, imageGradient, value);
    }
}
