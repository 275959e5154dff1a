package vit.model;

import java.util.Objects;
import vit.kernels.parallel.Workers;

/**
 * How a {@link VitTraining} computes: threads, batch, memory against arithmetic, and regularisation. Immutable.
 *
 * <pre>{@code
 * TrainingOptions options = TrainingOptions.of(2, 64).withLabelSmoothing(0.1).withStochasticDepth(0.1).withSeed(1);
 * }</pre>
 *
 * @param threads        size of the team, the calling thread included
 * @param maxBatch       the largest number of images in one pass, for which memory is planned
 * @param checkpointing  whether only the input of each block is kept, and the backward pass runs the block's forward pass again:
 *                       less memory, a third more arithmetic, the same bits
 * @param imageGradient  whether the gradient of the images is computed as well
 * @param labelSmoothing share of every target that is spread evenly over the classes, in [0, 1) (Szegedy et al. 2016)
 * @param dropout        probability that an element is dropped, in [0, 1) (Srivastava et al. 2014). It applies to the embedded tokens, the
 *                       attention's output, the hidden layer and the MLP's output
 * @param stochasticDepth probability that an image skips a branch of the last block, in [0, 1) (Huang et al. 2016). It falls linearly to 0 in the
 *                       first block
 * @param seed           seed of the masks of dropout and stochastic depth. Seed, optimiser step and the image's place in the step determine a mask
 * @param frozen         the part of the model that keeps its values
 * @param tokenMerging   how many tokens each block merges, as in a session with {@link SessionOptions#withTokenMerging(TokenMerging)}; {@link TokenMerging#NONE}
 *                       unless it is asked for. Which tokens are merged, and their sizes, are constants in the backward pass
 */
public record TrainingOptions(int threads, int maxBatch, boolean checkpointing, boolean imageGradient, double labelSmoothing,
        double dropout, double stochasticDepth, long seed, Frozen frozen, TokenMerging tokenMerging) {

    /**
     * Checks the numbers.
     *
     * @throws IllegalArgumentException if {@code threads} is not in 1 … {@link Workers#MAX_COUNT}, {@code maxBatch} is below 1, a probability
     *                                  or share is not in [0, 1), or the gradient of the images is wanted though a part is frozen: the backward pass does not
     *                                  reach them
     */
    public TrainingOptions {
        if (threads < 1 || threads > Workers.MAX_COUNT) {
            throw new IllegalArgumentException("threads " + threads + "; expected 1 to " + Workers.MAX_COUNT);
        }
        if (maxBatch < 1) {
            throw new IllegalArgumentException("batch " + maxBatch + "; expected 1 or more");
        }
        Objects.requireNonNull(frozen, "frozen");
        Objects.requireNonNull(tokenMerging, "tokenMerging");
        checkShare("label smoothing", labelSmoothing);
        checkShare("dropout", dropout);
        checkShare("stochastic depth", stochasticDepth);
        if (imageGradient && !frozen.equals(Frozen.NOTHING)) {
            throw new IllegalArgumentException("the gradient of the images, with " + frozen + " frozen: the backward pass ends above what is frozen");
        }
    }

    private static void checkShare(String name, double value) {
        if (!(value >= 0 && value < 1)) {
            throw new IllegalArgumentException(name + " " + value + "; expected 0 to below 1");
        }
    }

    /** Training without regularisation, with up to {@code batch} images in a pass. */
    public static TrainingOptions of(int threads, int batch) {
        return new TrainingOptions(threads, batch, false, false, 0, 0, 0, 0, Frozen.NOTHING, TokenMerging.NONE);
    }

    /** The same options, with blocks recomputed in the backward pass or not. */
    public TrainingOptions withCheckpointing(boolean value) {
        return new TrainingOptions(threads, maxBatch, value, imageGradient, labelSmoothing, dropout, stochasticDepth, seed, frozen, tokenMerging);
    }

    /** The same options, with the gradient of the images computed or not; {@link VitTraining#imageGradient} reads it. */
    public TrainingOptions withImageGradient(boolean value) {
        return new TrainingOptions(threads, maxBatch, checkpointing, value, labelSmoothing, dropout, stochasticDepth, seed, frozen, tokenMerging);
    }

    /** The same options with this share of every target spread evenly over the classes, in [0, 1). */
    public TrainingOptions withLabelSmoothing(double value) {
        return new TrainingOptions(threads, maxBatch, checkpointing, imageGradient, value, dropout, stochasticDepth, seed, frozen, tokenMerging);
    }

    /** The same options with this probability of dropping an element, in [0, 1). */
    public TrainingOptions withDropout(double value) {
        return new TrainingOptions(threads, maxBatch, checkpointing, imageGradient, labelSmoothing, value, stochasticDepth, seed, frozen, tokenMerging);
    }

    /** The same options with this probability that an image skips a branch of the last block, in [0, 1). */
    public TrainingOptions withStochasticDepth(double value) {
        return new TrainingOptions(threads, maxBatch, checkpointing, imageGradient, labelSmoothing, dropout, value, seed, frozen, tokenMerging);
    }

    /** The same options with this seed of the masks of dropout and stochastic depth. */
    public TrainingOptions withSeed(long value) {
        return new TrainingOptions(threads, maxBatch, checkpointing, imageGradient, labelSmoothing, dropout, stochasticDepth, value, frozen, tokenMerging);
    }

    /** The same options with this part of the model frozen. */
    public TrainingOptions withFrozen(Frozen value) {
        return new TrainingOptions(threads, maxBatch, checkpointing, imageGradient, labelSmoothing, dropout, stochasticDepth, seed, value, tokenMerging);
    }

    /**
     * The same options, with {@code r} similar tokens merged in every block, or none with 0: faster steps, with other results. The page token-merging.md has figures.
     *
     * @throws IllegalArgumentException if {@code r} is negative
     */
    public TrainingOptions withTokenMerging(int r) {
        return withTokenMerging(TokenMerging.constant(r));
    }

    /** The same options, with tokens merged as a schedule says. */
    public TrainingOptions withTokenMerging(TokenMerging value) {
        return new TrainingOptions(threads, maxBatch, checkpointing, imageGradient, labelSmoothing, dropout, stochasticDepth, seed, frozen, value);
    }
}
