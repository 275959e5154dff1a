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
 * @param dropout        probability that an element is dropped, in [0, 1) (Srivastava et al. 2014): of the embedded tokens, the
 *                       attention's output, the hidden layer and the MLP's output
 * @param stochasticDepth probability that an image loses a branch of the last block, in [0, 1), falling linearly to 0 in the
 *                       first (Huang et al. 2016)
 * @param seed           of the masks: with the step and the image's place in it, it fixes them
 */
public record TrainingOptions(int threads, int maxBatch, boolean checkpointing, boolean imageGradient, double labelSmoothing,
        double dropout, double stochasticDepth, long seed) {

    public TrainingOptions {
        if (threads < 1 || threads > Workers.MAX_COUNT) {
            throw new IllegalArgumentException("threads " + threads + "; expected 1 to " + Workers.MAX_COUNT);
        }
        if (maxBatch < 1) {
            throw new IllegalArgumentException("batch " + maxBatch + "; expected 1 or more");
        }
        checkShare("label smoothing", labelSmoothing);
        checkShare("dropout", dropout);
        checkShare("stochastic depth", stochasticDepth);
    }

    private static void checkShare(String name, double value) {
        if (!(value >= 0 && value < 1)) {
            throw new IllegalArgumentException(name + " " + value + "; expected 0 to below 1");
        }
    }

    /** Plain training of up to {@code batch} images a pass. */
    public static TrainingOptions of(int threads, int batch) {
        return new TrainingOptions(threads, batch, false, false, 0, 0, 0, 0);
    }

    public TrainingOptions withCheckpointing(boolean value) {
        return new TrainingOptions(threads, maxBatch, value, imageGradient, labelSmoothing, dropout, stochasticDepth, seed);
    }

    public TrainingOptions withImageGradient(boolean value) {
        return new TrainingOptions(threads, maxBatch, checkpointing, value, labelSmoothing, dropout, stochasticDepth, seed);
    }

    public TrainingOptions withLabelSmoothing(double value) {
        return new TrainingOptions(threads, maxBatch, checkpointing, imageGradient, value, dropout, stochasticDepth, seed);
    }

    public TrainingOptions withDropout(double value) {
        return new TrainingOptions(threads, maxBatch, checkpointing, imageGradient, labelSmoothing, value, stochasticDepth, seed);
    }

    public TrainingOptions withStochasticDepth(double value) {
        return new TrainingOptions(threads, maxBatch, checkpointing, imageGradient, labelSmoothing, dropout, value, seed);
    }

    public TrainingOptions withSeed(long value) {
        return new TrainingOptions(threads, maxBatch, checkpointing, imageGradient, labelSmoothing, dropout, stochasticDepth, value);
    }
}
