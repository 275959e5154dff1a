package vit.model.onnx;

import vit.model.config.MlpConfig;
import vit.model.parameters.Parameters;

/** The MLP of a block before its second layer, as {@code vit.model.forward.GeluMlp} and its siblings. */
record GraphMlp(GraphLayers layers) {

    /** (B, T, F): norm(gelu(fc₁(x))), or the same with a SwiGLU; the norm if there is one. */
    String hidden(int i, String x) {
        MlpConfig mlp = layers.config().block().mlp();
        String expanded = layers.linear(Parameters.block(i, Parameters.FC1), x);
        String hidden = switch (mlp.kind()) {
            case GELU -> layers.gelu(Parameters.block(i, "mlp.gelu"), expanded);
            case SWIGLU -> gated(i, expanded);
        };
        return mlp.innerNorm() ? layers.norm(Parameters.block(i, Parameters.MLP_NORM), hidden) : hidden;
    }

    /** silu(a)·b with [a | b] along the last axis. */
    private String gated(int i, String expanded) {
        String[] halves = {Parameters.block(i, "mlp.a"), Parameters.block(i, "mlp.b")};
        layers.graph().node(Parameters.block(i, "mlp.split"), "Split", expanded).attribute("axis", -1).attribute("num_outputs", 2).add(halves);
        return layers.multiply(Parameters.block(i, "mlp.gated"), layers.silu(Parameters.block(i, "mlp.silu"), halves[0]), halves[1]);
    }
}
