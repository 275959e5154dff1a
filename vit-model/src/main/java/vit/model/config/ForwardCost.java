package vit.model.config;

/**
 * The arithmetic of one forward pass over one image, counted in multiply-adds of matrix products: the linear layers and the two
 * products of attention, as the literature counts. LayerNorm, softmax and GELU are less than one hundredth of it and are left out.
 *
 * @param linear    multiply-adds of patch projection, QKV, output, MLP and heads
 * @param attention multiply-adds of Q·Kᵀ and of the probabilities with V
 */
public record ForwardCost(long linear, long attention) {

    /** The cost of a model of this configuration. */
    public static ForwardCost of(VitConfig config) {
        long tokens = config.tokens();
        long width = config.width();
        long inner = config.inner();
        long block = tokens * (width * 3 * inner + inner * width + 2 * width * config.mlp());
        long heads = width * config.classes() * (config.distillationToken() ? 2 : 1);
        long preLogits = config.preLogits() ? width * width : 0;
        long patches = (long) config.patches() * config.patchElements() * width;
        long attention = 2 * tokens * tokens * inner;
        return new ForwardCost(patches + config.depth() * block + preLogits + heads, config.depth() * attention);
    }

    /**
     * The cost if the last block computes keys and values for every token, but everything else only for the tokens that the head
     * uses. It is less than {@link #of} for models that pool by token, and the same for those that pool by a mean.
     */
    public static ForwardCost ofPooledTokens(VitConfig config) {
        ForwardCost full = of(config);
        if (config.pooling() != VitConfig.Pooling.TOKEN || config.depth() == 0) {
            return full;
        }
        long unused = config.tokens() - config.pooledTokens();
        long width = config.width();
        long inner = config.inner();
        return new ForwardCost(full.linear - unused * (2 * width * inner + 2 * width * config.mlp()),
                full.attention - 2 * unused * config.tokens() * inner);
    }

    /** Floating-point operations: two for each multiply-add. */
    public double flops() {
        return 2.0 * (linear + attention);
    }
}
