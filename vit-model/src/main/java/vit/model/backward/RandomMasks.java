package vit.model.backward;

import vit.kernels.dropout.Dropout;
import vit.kernels.dropout.Philox;
import vit.kernels.dropout.StochasticDepth;
import vit.kernels.parallel.Worker;
import vit.kernels.tensor.Tensor;
import vit.model.TrainingOptions;
import vit.model.config.VitConfig;

/**
 * Applies dropout and stochastic depth in a training pass. A mask is a pure function of seed, optimiser step, layer and
 * the image's place in the step. The backward pass, a recomputed block, another team, and other micro-batches therefore compute the
 * same mask again. If nothing is to be dropped, nothing is done.
 *
 * <p>Dropout is applied where Dosovitskiy et al. (2020, appendix B.1) and the JAX code apply it: after the position embedding, after
 * the attention's output layer, after the GELU and after the MLP's second layer. Stochastic depth drops the whole branch of an
 * image, with a probability that rises linearly from 0 in the first block (Huang et al. 2016; timm's {@code drop_path_rate}).
 */
final class RandomMasks {

    /** The two branches of a block. */
    enum Branch { ATTENTION, MLP }

    private static final int LAYERS_PER_BLOCK = 5;

    private final TrainingOptions options;
    private final int depth;
    private final int[] tokens; // T before each block, and after the last

    private int step;
    private int firstImage;
    private int batch;

    RandomMasks(VitConfig config, TrainingOptions options) {
        this.options = options;
        this.depth = config.depth();
        this.tokens = options.tokenMerging().tokens(config);
    }

    /**
     * Sets which masks the next pass uses.
     *
     * @param optimiserStep steps taken before
     * @param imagesBefore  images of this step in earlier micro-batches
     * @param images        B
     */
    void prepare(int optimiserStep, int imagesBefore, int images) {
        step = optimiserStep;
        firstImage = imagesBefore;
        batch = images;
    }

    /** Drops elements of the tokens (B·T, C) that enter the first block, or of their gradient; in place, with a barrier. */
    void embedding(Tensor x, Worker w) {
        dropout(x, x, 0, tokens[0], w);
    }

    /** Drops elements of the hidden layer (B·T, F), with T of what the block has merged, after the GELU, or of its gradient; in place, with a barrier. */
    void hidden(Tensor x, int block, Worker w) {
        dropout(x, x, layer(block, 2), tokens[block + 1], w);
    }

    /** Whether {@link #branch} changes anything. */
    boolean drops(int block) {
        return options.dropout() > 0 || pathRate(block) > 0;
    }

    /** out = mask · in, for the output of a branch (B·T, C) or its gradient. {@code out} may be {@code in}. Contains barriers. */
    void branch(Tensor out, Tensor in, int block, Branch which, Worker w) {
        int offset = which == Branch.ATTENTION ? 0 : 3;
        int count = tokens[which == Branch.ATTENTION ? block : block + 1];
        Tensor rest = in;
        if (options.dropout() > 0) {
            dropout(out, in, layer(block, offset), count, w);
            rest = out;
        }
        double rate = pathRate(block);
        if (rate > 0) {
            StochasticDepth.apply(out, rest, rate, options.seed(), Philox.stream(step, layer(block, offset + 1)),
                    firstImage, batch, count, w);
            w.barrier();
        }
    }

    private double pathRate(int block) {
        return depth == 1 ? options.stochasticDepth() : options.stochasticDepth() * block / (depth - 1);
    }

    private static int layer(int block, int offset) {
        return 1 + block * LAYERS_PER_BLOCK + offset;
    }

    /** @param count the tokens of an image */
    private void dropout(Tensor out, Tensor in, int layer, int count, Worker w) {
        if (options.dropout() > 0) {
            Dropout.apply(out, in, options.dropout(), options.seed(), Philox.stream(step, layer),
                    (long) firstImage * count, batch * count, w);
            w.barrier();
        }
    }
}
