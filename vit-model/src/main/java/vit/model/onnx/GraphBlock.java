package vit.model.onnx;

import vit.model.config.VitConfig;
import vit.model.parameters.Parameters;

/** The encoder blocks, as {@code vit.model.forward.EncoderBlock}. For one thread. */
final class GraphBlock {

    private final GraphLayers layers;
    private final VitConfig config;
    private final GraphAttention attention;
    private final GraphMlp mlp;

    /** The residual stream, and the output of the norm that reads it next, or null if no block reads it. */
    private record Stream(String x, String normed) {}

    GraphBlock(GraphLayers layers) {
        this.layers = layers;
        this.config = layers.config();
        this.attention = new GraphAttention(layers);
        this.mlp = new GraphMlp(layers);
    }

    /** (B, T, C): the tokens after all blocks. */
    String all(String x) {
        Stream stream = new Stream(x, config.depth() == 0 ? null : layers.norm(Parameters.block(0, Parameters.NORM_1), x));
        for (int i = 0; i < config.depth(); i++) {
            stream = encode(i, stream);
        }
        return stream.x;
    }

    /** y = Attention(norm₁(x)) + x; x = MLP(norm₂(y)) + y. */
    private Stream encode(int i, Stream stream) {
        String attended = attention.attend(i, stream.normed);
        Stream y = residual(i, "residual1", stream.x, Parameters.ATTENTION_OUTPUT, attended, Parameters.LAYER_SCALE_1,
                Parameters.block(i, Parameters.NORM_2));
        String hidden = mlp.hidden(i, y.normed);
        return residual(i, "residual2", y.x, Parameters.FC2, hidden, Parameters.LAYER_SCALE_2,
                i + 1 < config.depth() ? Parameters.block(i + 1, Parameters.NORM_1) : null);
    }

    /** x + g·layer(input) with the optional layer scale g, and the norm of the sum unless {@code norm} is null. */
    private Stream residual(int i, String output, String x, String layerPart, String input, String layerScale, String norm) {
        String sum = Parameters.block(i, output);
        String layer = Parameters.block(i, layerPart);
        boolean together = layers.fused() && norm != null;
        if (together && !config.layerScale()) {
            String bias = layers.has(layer + ".bias") ? layers.learned(layer + ".bias") : null;
            return new Stream(sum, layers.skipNorm(norm, sum, x, layers.product(layer, input), bias));
        }
        String branch = layers.linear(layer, input);
        if (config.layerScale()) {
            branch = layers.multiply(sum + ".scaled", branch, layers.learned(Parameters.block(i, layerScale)));
        }
        if (together) {
            return new Stream(sum, layers.skipNorm(norm, sum, x, branch, null));
        }
        layers.add(sum, x, branch);
        return new Stream(sum, norm == null ? null : layers.norm(norm, sum));
    }
}
