package vit.model.onnx;

import vit.model.config.AttentionConfig;
import vit.model.config.VitConfig;
import vit.model.parameters.Parameters;
import vit.model.positions.RelativeIndex;

/** The multi-head attention of a block before its output projection, as {@code vit.model.forward.PositionedAttention}. For one thread. */
final class GraphAttention {

    private final GraphLayers layers;
    private final VitConfig config;
    private final AttentionConfig attention;
    private final OnnxGraph graph;
    private final GraphRotary rotary; // or null
    private String sharedBias; // the relative positions of all blocks, once the graph has them

    GraphAttention(GraphLayers layers) {
        this.layers = layers;
        this.config = layers.config();
        this.attention = config.block().attention();
        this.graph = layers.graph();
        this.rotary = attention.rotary() == null ? null : GraphRotary.of(layers);
    }

    /** norm(softmax(Q·Kᵀ / √D + bias)·V) of every head: (B, T, H·D). */
    String attend(int i, String x) {
        String[] parts = {part(i, "q"), part(i, "k"), part(i, "v")};
        graph.node(part(i, "split"), "Split", projected(i, x)).attribute("axis", -1).attribute("num_outputs", 3).add(parts);
        String bias = relativePositions(i);
        String tokens = layers.fused() ? fused(i, parts, bias) : composed(i, parts, bias);
        return attention.innerNorm() ? layers.norm(Parameters.block(i, Parameters.ATTENTION_NORM), tokens) : tokens;
    }

    private static String part(int i, String part) {
        return Parameters.block(i, "attn." + part);
    }

    /** (B, T, 3·H·D): queries, keys and values, with biases as the model has them. */
    private String projected(int i, String x) {
        String qkv = Parameters.block(i, Parameters.QKV);
        if (attention.keyBias() || !attention.qkvBias()) {
            return layers.linear(qkv, x);
        }
        String bias = graph.node(qkv + ".bias", "Concat", layers.learned(Parameters.block(i, Parameters.QUERY_BIAS)),
                graph.reals("attn.no_key_bias", new float[config.inner()], config.inner()),
                layers.learned(Parameters.block(i, Parameters.VALUE_BIAS))).attribute("axis", 0).add();
        return layers.add(qkv, layers.product(qkv, x), bias);
    }

    private String fused(int i, String[] parts, String bias) {
        String q = joinedSteps(parts[0], Parameters.block(i, Parameters.QUERY_NORM));
        String k = joinedSteps(parts[1], Parameters.block(i, Parameters.KEY_NORM));
        OnnxGraph.Node node = bias == null ? graph.node(part(i, "tokens"), "MultiHeadAttention", q, k, parts[2])
                : graph.node(part(i, "tokens"), "MultiHeadAttention", q, k, parts[2], "", "", bias);
        return node.domain(GraphLayers.MICROSOFT).attribute("num_heads", config.heads())
                .attribute("scale", (float) (1 / Math.sqrt(config.headDim()))).add();
    }

    /** (B, T, H·D): queries or keys, normed and rotated as the model does. */
    private String joinedSteps(String part, String norm) {
        String x = part;
        if (attention.queryKeyNorm()) {
            x = joined(part + ".normed", layers.norm(norm, layers.heads(part)));
        }
        return rotary == null ? x : rotary.fused(part + ".rotated", x);
    }

    private String composed(int i, String[] parts, String bias) {
        String q = layers.transposed(parts[0] + ".heads", steps(parts[0], Parameters.block(i, Parameters.QUERY_NORM)), 0, 2, 1, 3); // (B, H, T, D)
        String k = layers.transposed(parts[1] + ".heads", steps(parts[1], Parameters.block(i, Parameters.KEY_NORM)), 0, 2, 3, 1); // (B, H, D, T)
        String v = layers.transposed(parts[2] + ".heads", layers.heads(parts[2]), 0, 2, 1, 3);
        String context = layers.attention(Parameters.block(i, "attn"), q, k, v, bias);
        return joined(part(i, "tokens"), layers.transposed(part(i, "sorted"), context, 0, 2, 1, 3));
    }

    /** (B, T, H, D): queries or keys, normed and rotated as the model does. */
    private String steps(String part, String norm) {
        String x = layers.heads(part);
        if (attention.queryKeyNorm()) {
            x = layers.norm(norm, x);
        }
        return rotary == null ? x : rotary.composed(part + ".rotated", x);
    }

    /** (B, T, H, D) as (B, T, H·D). */
    private String joined(String output, String x) {
        return graph.node(output, "Reshape", x, graph.integers("shape.tokens", 0, 0, config.inner())).add();
    }

    /** (1, H, T, T): what relative positions add to the scores, or null. */
    private String relativePositions(int i) {
        return switch (attention.relative()) {
            case NONE -> null;
            case BY_BLOCK -> gathered(part(i, "relative"), Parameters.block(i, Parameters.RELATIVE_POSITIONS));
            case SHARED -> {
                if (sharedBias == null) {
                    sharedBias = gathered("relative", Parameters.SHARED_RELATIVE_POSITIONS);
                }
                yield sharedBias;
            }
        };
    }

    /** (1, H, T, T) from a table (offsets, H). */
    private String gathered(String output, String table) {
        int tokens = config.tokens();
        int[] rows = RelativeIndex.of(config.gridHeight(), config.gridWidth());
        long[] index = new long[rows.length];
        for (int at = 0; at < rows.length; at++) {
            index[at] = rows[at];
        }
        String pairs = graph.node(output + ".pairs", "Gather", layers.learned(table), graph.integerTable("relative.index", index, tokens, tokens))
                .attribute("axis", 0).add(); // (T, T, H)
        String byHead = layers.transposed(output + ".heads", pairs, 2, 0, 1);
        return graph.node(output, "Unsqueeze", byHead, graph.integers("first_axis", 0)).add();
    }
}
