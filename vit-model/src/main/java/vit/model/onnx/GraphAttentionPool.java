package vit.model.onnx;

import vit.model.config.VitConfig;
import vit.model.parameters.Parameters;

/**
 * Attention of one learned query to the tokens, then an MLP with a residual connection, as {@code vit.model.forward.AttentionPool}. What depends on
 * parameters alone, the projected query and the parts of the projection's weight, runtimes compute when they load the graph.
 */
record GraphAttentionPool(GraphLayers layers) {

    private static final String[] PARTS = {"q", "k", "v"};

    /**
     * (B, C).
     *
     * @param tokens (B, keys, C): normed
     */
    String pooled(String tokens) {
        String[] kernels = split("kernel", layers.graph().kernel(layers.parameters().find(Parameters.POOL_QKV + ".weight")), 1);
        String[] biases = split("bias", layers.learned(Parameters.POOL_QKV + ".bias"), 0);
        String[] inputs = {layers.learned(Parameters.POOL_QUERY), tokens, tokens};
        String[] heads = new String[PARTS.length];
        for (int part = 0; part < PARTS.length; part++) {
            String name = "attn_pool." + PARTS[part];
            String product = layers.graph().node(name + ".product", "MatMul", inputs[part], kernels[part]).add();
            String split = layers.heads(layers.add(name, product, biases[part]));
            boolean isKey = part == 1;
            heads[part] = isKey ? layers.transposed(name + ".heads", split, 0, 2, 3, 1) : layers.transposed(name + ".heads", split, 0, 2, 1, 3);
        }
        String context = layers.attention("attn_pool", heads[0], heads[1], heads[2], null); // (B, H, 1, D)
        VitConfig config = layers.config();
        String joined = layers.graph().node("attn_pool.joined", "Reshape", context, layers.graph().integers("shape.pooled", 0, config.inner())).add();
        String attended = layers.gemm(Parameters.POOL_OUTPUT, Parameters.POOL_OUTPUT, joined);
        String hidden = layers.gemm(Parameters.POOL_FC1, Parameters.POOL_FC1, layers.norm(Parameters.POOL_NORM, attended));
        String branch = layers.gemm(Parameters.POOL_FC2, Parameters.POOL_FC2, layers.gelu("attn_pool.mlp.gelu", hidden));
        return layers.add("attn_pool.pooled", attended, branch);
    }

    /** What belongs to queries, keys and values. */
    private String[] split(String what, String whole, int axis) {
        String[] parts = new String[PARTS.length];
        for (int part = 0; part < PARTS.length; part++) {
            parts[part] = "attn_pool." + PARTS[part] + "." + what;
        }
        layers.graph().node("attn_pool.split." + what, "Split", whole).attribute("axis", axis).attribute("num_outputs", PARTS.length).add(parts);
        return parts;
    }
}
