package vit.model.onnx;

import vit.model.config.VitConfig;
import vit.model.config.VitConfig.FinalNorm;
import vit.model.parameters.Parameters;

/** From the tokens of the last block to one vector for each image, the final norm included, as {@code vit.model.forward.Pool}. For one thread. */
final class GraphPool {

    private final GraphLayers layers;
    private final VitConfig config;
    private final OnnxGraph graph;

    GraphPool(GraphLayers layers) {
        this.layers = layers;
        this.config = layers.config();
        this.graph = layers.graph();
    }

    /** (B, C), or (B, 2·C). */
    String pooled(String x) {
        return switch (config.pooling()) {
            case TOKEN -> normed(Parameters.finalNorm(config), token("class", x, 0));
            case TOKEN_AND_PATCH_MEAN -> tokenAndPatchMean(x);
            case PATCH_ATTENTION, ALL_ATTENTION -> new GraphAttentionPool(layers).pooled(normed(Parameters.finalNorm(config), used(x)));
            case PATCH_MEAN, ALL_MEAN, PATCH_MAX, ALL_MAX, PATCH_MEAN_MAX, ALL_MEAN_MAX -> config.finalNorm() == FinalNorm.AFTER_POOLING
                    ? layers.norm(Parameters.finalNorm(config), statistic(x))
                    : statistic(normed(Parameters.finalNorm(config), x));
        };
    }

    /** (B, C): the distillation token, normed. */
    String distilled(String x) {
        return normed("distilled.norm", token("distilled", x, 1));
    }

    /** The final norm, if there is one. */
    private String normed(String output, String x) {
        return config.finalNorm() == FinalNorm.NONE ? x : layers.norm(output, Parameters.finalNorm(config), x);
    }

    private String tokenAndPatchMean(String x) {
        String normed = normed(Parameters.finalNorm(config), x);
        return graph.node("pool.joined", "Concat", token("class", normed, 0), mean(used(normed))).attribute("axis", 1).add();
    }

    /** One token of every image: (B, C). */
    private String token(String name, String x, int index) {
        return graph.node(name + ".token", "Gather", x, graph.scalarInteger(name + ".index", index)).attribute("axis", 1).add();
    }

    /** Mean, maximum or half their sum over the tokens that the pooling takes: (B, C). */
    private String statistic(String x) {
        String tokens = used(x);
        return switch (config.pooling()) {
            case PATCH_MAX, ALL_MAX -> max(tokens);
            case PATCH_MEAN_MAX, ALL_MEAN_MAX -> layers.multiply("pool.half", layers.add("pool.sum", max(tokens), mean(tokens)), graph.scalar("half", 0.5));
            default -> mean(tokens);
        };
    }

    private String mean(String tokens) {
        return graph.node("pool.mean", "ReduceMean", tokens, graph.integers("pool.axis", 1)).attribute("keepdims", 0).add();
    }

    private String max(String tokens) {
        return graph.node("pool.max", "ReduceMax", tokens, graph.integers("pool.axis", 1)).attribute("keepdims", 0).add();
    }

    /** The tokens that the pooling takes: all, or the patches. */
    private String used(String x) {
        if (config.pooling().includesPrefix() || config.prefixTokens() == 0) {
            return x;
        }
        return graph.node("pool.patches", "Slice", x, graph.integers("pool.from", config.prefixTokens()),
                graph.integers("pool.to", config.tokens()), graph.integers("pool.axis", 1)).add();
    }
}
