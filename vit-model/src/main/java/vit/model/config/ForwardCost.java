package vit.model.config;

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
        long tokens = config.tokens();
        long width = config.width();
        long inner = config.inner();
        long block = tokens * (width * 3 * inner + inner * width + mlp(config));
        long heads = (long) config.pooledWidth() * config.classes() * (config.distillationToken() ? 2 : 1);
        long preLogits = config.preLogits() ? width * width : 0;
        long patches = (long) config.patches() * config.patchElements() * width;
        long backbone = config.stem().convolutions().stream().mapToLong(BackboneConfig.Convolution::cost).sum();
        long attention = 2 * tokens * tokens * inner;
        ForwardCost pool = ofPooling(config);
        return new ForwardCost(backbone + patches + config.depth() * block + pool.linear + preLogits + heads, config.depth() * attention + pool.attention);
    }

    /** The multiply-adds of a block's MLP for one token: SwiGLU's first layer is twice as wide as what its second layer is given. */
    private static long mlp(VitConfig config) {
        return (long) config.width() * (config.mlpExpanded() + config.mlp());
    }

    /** The cost of pooling by attention: one query, keys and values of the tokens that are pooled, output and MLP of one token. Other poolings add up only. */
    private static ForwardCost ofPooling(VitConfig config) {
        if (!config.pooling().isAttention()) {
            return new ForwardCost(0, 0);
        }
        long width = config.width();
        long keys = config.tokens() - (config.pooling().includesPrefix() ? 0 : config.prefixTokens());
        return new ForwardCost(width * width + keys * 2 * width * width + width * width + 2 * width * config.mlp(), 2 * keys * width);
    }

    /**
     * The cost if the last block computes keys and values for every token, but everything else only for the tokens that the head
     * uses. It is less than {@link #of} for models that pool by token, and the same for all others.
     */
    public static ForwardCost ofPooledTokens(VitConfig config) {
        ForwardCost full = of(config);
        if (config.pooling() != VitConfig.Pooling.TOKEN || config.depth() == 0) {
            return full;
        }
        long unused = config.tokens() - config.pooledTokens();
        long width = config.width();
        long inner = config.inner();
        return new ForwardCost(full.linear - unused * (2 * width * inner + mlp(config)),
                full.attention - 2 * unused * config.tokens() * inner);
    }

    /** Floating-point operations: two for each multiply-add. */
    public double flops() {
        return 2.0 * (linear + attention);
    }
}
