package vit.model.onnx;

import vit.model.config.VitConfig;
import vit.model.parameters.Parameters;

/** From the pooled vector to logits or to an embedding, as {@code vit.model.forward.Head}. */
record GraphHead(GraphLayers layers) {

    /** The name of the graph's output: logits, or embeddings if the last layer is a projection or there is none. */
    String output() {
        VitConfig config = layers.config();
        return config.classes() == 0 || config.isProjection() ? VitGraph.EMBEDDINGS : VitGraph.LOGITS;
    }

    /**
     * Adds the head, which ends in {@link #output()}.
     *
     * @param pooled    (B, C), or (B, 2·C)
     * @param distilled (B, C): the distillation token, or null
     */
    void finish(String pooled, String distilled) {
        String input = pooled;
        if (layers.config().preLogits()) {
            input = layers.graph().node("pre_logits.tanh", "Tanh", layers.gemm(Parameters.PRE_LOGITS, Parameters.PRE_LOGITS, pooled)).add();
        }
        boolean hasLast = layers.config().classes() > 0;
        if (distilled == null) {
            if (hasLast) {
                layers.gemm(output(), Parameters.HEAD, input);
            } else {
                layers.graph().node(output(), "Identity", input).add();
            }
        } else if (hasLast) {
            mean(layers.gemm(output() + ".class", Parameters.HEAD, input),
                    layers.gemm(output() + ".distilled", Parameters.DISTILLATION_HEAD, distilled));
        } else {
            mean(input, distilled);
        }
    }

    /** The output as half the sum of two values. */
    private void mean(String a, String b) {
        layers.multiply(output(), layers.add(output() + ".sum", a, b), layers.graph().scalar("half", 0.5));
    }
}
