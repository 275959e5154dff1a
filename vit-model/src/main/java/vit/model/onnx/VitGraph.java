package vit.model.onnx;

import vit.model.config.VitConfig;
import vit.model.parameters.Parameters;

/**
 * The forward pass of one configuration as an ONNX graph (Dosovitskiy et al. 2020, equations 1 to 4, and what later models add; the same steps as
 * {@code VitForward}). For one thread.
 */
final class VitGraph {

    /** LayerNormalization is standard from 17 on, Gelu from 20 on. */
    static final int OPSET = 20;

    /** The version of the file format that goes with the operator set. */
    static final int IR_VERSION = 9;

    static final String IMAGES = "images"; // (B, channels, height, width)
    static final String LOGITS = "logits"; // (B, classes)
    static final String EMBEDDINGS = "embeddings"; // (B, E), of a model whose last layer is a projection, or that has no last layer

    private final VitConfig config;
    private final OnnxGraph graph = new OnnxGraph();
    private final String output;

    VitGraph(VitConfig config, OnnxOperators operators, OnnxWeights weights) {
        this.config = config;
        GraphLayers layers = new GraphLayers(config, Parameters.of(config), operators == OnnxOperators.ONNX_RUNTIME,
                weights == OnnxWeights.INT8, graph);
        String last = new GraphBlock(layers).all(new GraphStem(layers).tokens());
        GraphPool pool = new GraphPool(layers);
        GraphHead head = new GraphHead(layers);
        head.finish(pool.pooled(last), config.distillationToken() ? pool.distilled(last) : null);
        output = head.output();
    }

    OnnxGraph graph() {
        return graph;
    }

    /** The name of the graph's only output. */
    String output() {
        return output;
    }

    /** The dimensions of the input; the first is the batch. */
    long[] imageDimensions() {
        return new long[] {config.channels(), config.imageHeight(), config.imageWidth()};
    }

    long[] outputDimensions() {
        return new long[] {output.equals(EMBEDDINGS) ? config.embeddingWidth() : config.classes()};
    }
}
