package vit.model.onnx;

import java.util.Arrays;
import vit.model.config.RotaryConfig;
import vit.model.config.VitConfig;
import vit.model.positions.RotaryTables;

/**
 * Rotary positions of queries and keys: x′ = x∘cos + turn(x)∘sin, as {@code vit.kernels.rotary.Rotary}. The tables have a row for every token. Prefix
 * tokens stay as they are, because their cosines are 1 and their sines 0.
 *
 * @param cos (T, D), row-major
 * @param sin (T, D), row-major
 */
record GraphRotary(OnnxGraph graph, RotaryConfig.Scheme scheme, int tokens, int headDim, float[] cos, float[] sin) {

    /** The rotation of a model. */
    static GraphRotary of(GraphLayers layers) {
        VitConfig config = layers.config();
        RotaryConfig rotary = config.block().attention().rotary();
        RotaryTables tables = RotaryTables.of(rotary, config.gridHeight(), config.gridWidth(), config.headDim());
        int prefix = config.prefixTokens() * config.headDim();
        float[] cos = new float[config.tokens() * config.headDim()];
        float[] sin = new float[cos.length];
        Arrays.fill(cos, 0, prefix, 1);
        System.arraycopy(tables.cos(), 0, cos, prefix, tables.cos().length);
        System.arraycopy(tables.sin(), 0, sin, prefix, tables.sin().length);
        return new GraphRotary(layers.graph(), rotary.scheme(), config.tokens(), config.headDim(), cos, sin);
    }

    /** Rotates (B, T, H, D) with standard operators. The sines carry the signs of turn(x), so that turn is a permutation of a head's elements. */
    String composed(String output, String x) {
        long[] partners = new long[headDim];
        for (int d = 0; d < headDim; d++) {
            partners[d] = partner(d);
        }
        float[] signed = new float[sin.length];
        for (int at = 0; at < sin.length; at++) {
            signed[at] = isFirst(at % headDim) ? -sin[at] : sin[at];
        }
        String turned = graph.node(output + ".turned", "Gather", x, graph.integers("rotary.partners", partners)).attribute("axis", -1).add();
        String along = graph.node(output + ".cos", "Mul", x, graph.reals("rotary.cos", cos, tokens, 1, headDim)).add();
        String across = graph.node(output + ".sin", "Mul", turned, graph.reals("rotary.sin", signed, tokens, 1, headDim)).add();
        return graph.node(output, "Add", along, across).add();
    }

    /** The element that is rotated together with element d. */
    private int partner(int d) {
        return switch (scheme) {
            case DINOV3 -> (d + headDim / 2) % headDim;
            case EVA -> d ^ 1;
        };
    }

    /** Whether element d comes first of the two that are rotated together. */
    private boolean isFirst(int d) {
        return partner(d) > d;
    }

    /** Rotates (B, T, H·D) with ONNX Runtime's own operator, whose tables have a column for every two elements that are rotated together. */
    String fused(String output, String x) {
        return graph.node(output, "RotaryEmbedding", x, graph.integers("rotary.start", 0),
                        graph.reals("rotary.cos", halved(cos), tokens, headDim / 2), graph.reals("rotary.sin", halved(sin), tokens, headDim / 2))
                .domain(GraphLayers.MICROSOFT).attribute("interleaved", scheme == RotaryConfig.Scheme.EVA ? 1 : 0).add();
    }

    /** (T, D/2): the columns of the elements that come first of their two. */
    private float[] halved(float[] table) {
        float[] half = new float[table.length / 2];
        int at = 0;
        for (int from = 0; from < table.length; from++) {
            if (isFirst(from % headDim)) {
                half[at++] = table[from];
            }
        }
        return half;
    }
}
