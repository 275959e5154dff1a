package vit.model.config;

import java.util.Arrays;

/**
 * The arithmetic of one forward pass over one image, counted in multiply-adds of matrix products: the linear layers and the two
 * products of attention, as the literature counts. LayerNorm, softmax and GELU are less than one hundredth of it and are left out.
 *
 * @param linear    multiply-adds of a backbone's convolutions, patch projection, QKV, output, MLP, pooling by attention and heads
 * @param attention multiply-adds of Q·Kᵀ and of the probabilities with V, in the blocks and in pooling by attention
 */
public record ForwardCost(long linear, long attention) {

    /** The cost of a model of this configuration. */
    public static ForwardCost of(VitConfig config) {
        return of(config, unmerged(config));
    }

    /**
     * The cost with fewer tokens from block to block: a block's attention computes with the tokens that it is given, its MLP with those that the next block is
     * given. Choosing which tokens become one is left out as well; it is less than one hundredth.
     *
     * @param tokens of an image before each block and after the last, depth + 1 numbers
     */
    public static ForwardCost of(VitConfig config, int[] tokens) {
        long width = config.width();
        long inner = config.inner();
        long heads = (long) config.pooledWidth() * config.classes() * (config.distillationToken() ? 2 : 1);
        long preLogits = config.preLogits() ? width * width : 0;
        long patches = (long) config.patches() * config.patchElements() * width;
        long linear = config.stem().convolutions().stream().mapToLong(BackboneConfig.Convolution::cost).sum() + patches + preLogits + heads;
        long attention = 0;
        for (int i = 0; i < config.depth(); i++) {
            linear += tokens[i] * (width * 3 * inner + inner * width) + tokens[i + 1] * mlp(config);
            attention += 2L * tokens[i] * tokens[i] * inner;
        }
        ForwardCost pool = ofPooling(config, tokens[config.depth()]);
        return new ForwardCost(linear + pool.linear, attention + pool.attention);
    }

    private static int[] unmerged(VitConfig config) {
        int[] tokens = new int[config.depth() + 1];
        Arrays.fill(tokens, config.tokens());
        return tokens;
    }

    /** The multiply-adds of a block's MLP for one token: SwiGLU's first layer is twice as wide as what its second layer is given. */
    private static long mlp(VitConfig config) {
        return (long) config.width() * (config.mlpExpanded() + config.mlp());
    }

    /** The cost of pooling by attention: one query, keys and values of the tokens that are pooled, output and MLP of one token. Other poolings add up only. */
    private static ForwardCost ofPooling(VitConfig config, int tokens) {
        if (!config.pooling().isAttention()) {
            return new ForwardCost(0, 0);
        }
        long width = config.width();
        long keys = tokens - (config.pooling().includesPrefix() ? 0 : config.prefixTokens());
        return new ForwardCost(width * width + keys * 2 * width * width + width * width + 2 * width * config.mlp(), 2 * keys * width);
    }

    /**
     * The cost if the last block computes keys and values for every token, but everything else only for the tokens that the head
     * uses. It is less than {@link #of} for models that pool by token, and the same for all others.
     */
    public static ForwardCost ofPooledTokens(VitConfig config) {
        return ofPooledTokens(config, unmerged(config));
    }

    /**
     * The same with fewer tokens from block to block. The last block then merges nothing.
     *
     * @param tokens of an image before each block and after the last, depth + 1 numbers
     */
    public static ForwardCost ofPooledTokens(VitConfig config, int[] tokens) {
        ForwardCost full = of(config, tokens);
        if (config.pooling() != VitConfig.Pooling.TOKEN || config.depth() == 0) {
            return full;
        }
        long last = tokens[config.depth() - 1];
        long unused = last - config.pooledTokens();
        long inner = config.inner();
        return new ForwardCost(full.linear - unused * 2 * config.width() * inner - (tokens[config.depth()] - config.pooledTokens()) * mlp(config),
                full.attention - 2 * unused * last * inner);
    }

    /** Floating-point operations: two for each multiply-add. */
    public double flops() {
        return 2.0 * (linear + attention);
    }
}
