package vit.model;

/**
 * The arithmetic of one forward pass over one image, counted in multiply-adds of matrix products: the linear layers and the two
 * products of attention, as the literature counts. LayerNorm, softmax and GELU are below one part in a hundred and left out.
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

    /** Floating-point operations: two a multiply-add. */
    public double flops() {
        return 2.0 * (linear + attention);
    }
}
