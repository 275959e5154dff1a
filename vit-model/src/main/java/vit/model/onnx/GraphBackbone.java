package vit.model.onnx;

import java.util.Arrays;
import vit.model.config.BackboneConfig;
import vit.model.config.BackboneConfig.Bottleneck;
import vit.model.config.StemConfig;
import vit.model.parameters.Parameters;

/**
 * From images to the feature map of a hybrid's convolutional network, as {@code vit.model.forward.Backbone}. Weights are standardised by operators of
 * the graph, which a runtime computes once when it reads the graph. For one thread.
 */
final class GraphBackbone {

    private final GraphLayers layers;
    private final OnnxGraph graph;
    private final StemConfig stem;
    private final BackboneConfig config;

    private int height; // rows of the map so far
    private int width; // columns of the map so far

    GraphBackbone(GraphLayers layers) {
        this.layers = layers;
        this.graph = layers.graph();
        this.stem = layers.config().stem();
        this.config = stem.backbone();
    }

    /** (B, channels, rows, columns): the last feature map. */
    String map() {
        height = stem.imageHeight();
        width = stem.imageWidth();
        String root = rectified(Parameters.ROOT, unit(Parameters.ROOT, Parameters.ROOT_NORM, VitGraph.IMAGES, BackboneConfig.ROOT_SIZE, 2, config.width()));
        shrink(2);
        String map = graph.node(Parameters.BACKBONE + "pool", "MaxPool", root).attribute("auto_pad", "SAME_UPPER")
                .list("kernel_shape", BackboneConfig.POOL_SIZE, BackboneConfig.POOL_SIZE).list("strides", 2, 2).add();
        shrink(2);
        for (Bottleneck b : config.bottlenecks()) {
            map = bottleneck(b, map);
        }
        return map;
    }

    private void shrink(int stride) {
        height = Math.ceilDiv(height, stride);
        width = Math.ceilDiv(width, stride);
    }

    private String bottleneck(Bottleneck b, String x) {
        String name = Parameters.BACKBONE + b.name();
        String first = rectified(name + ".conv1", unit(name + ".conv1", name + ".norm1", x, 1, 1, b.middle()));
        String shortcut = b.first() ? unit(name + Parameters.SHORTCUT, name + Parameters.SHORTCUT_NORM, x, 1, b.stride(), b.outputs()) : x;
        String middle = rectified(name + ".conv2", unit(name + ".conv2", name + ".norm2", first, BackboneConfig.MIDDLE_SIZE, b.stride(), b.middle()));
        shrink(b.stride());
        String last = unit(name + ".conv3", name + ".norm3", middle, 1, 1, b.outputs());
        return rectified(name, layers.add(name + ".sum", last, shortcut));
    }

    private String rectified(String name, String x) {
        return graph.node(name + ".relu", "Relu", x).add();
    }

    /** norm(x ∗ w) with {@code channels} outputs. */
    private String unit(String name, String norm, String x, int size, int stride, int channels) {
        String planes = graph.node(name + ".planes", "Conv", x, standardized(name)).attribute("auto_pad", "SAME_UPPER")
                .list("kernel_shape", size, size).list("strides", stride, stride).add();
        return groupNorm(norm, planes, channels, Math.ceilDiv(height, stride), Math.ceilDiv(width, stride));
    }

    /** A convolution's weight (out, in, height, width), each filter with mean 0 and variance 1. */
    private String standardized(String name) {
        String weight = planar(name);
        String axes = graph.integers("filter.axes", 1, 2, 3);
        String mean = graph.node(name + ".mean", "ReduceMean", weight, axes).attribute("keepdims", 1).add();
        String centred = graph.node(name + ".centred", "Sub", weight, mean).add();
        String squares = layers.multiply(name + ".squares", centred, centred);
        String variance = graph.node(name + ".variance", "ReduceMean", squares, axes).attribute("keepdims", 1).add();
        String shifted = layers.add(name + ".shifted", variance, graph.scalar("filter.epsilon", BackboneConfig.STANDARDIZATION_EPS));
        return graph.node(name + ".standardized", "Div", centred, graph.node(name + ".deviation", "Sqrt", shifted).add()).add();
    }

    /** The weight {@code name}, which is (out, height, width, in), as (out, in, height, width). */
    String planar(String name) {
        return layers.transposed(name + ".planar", layers.learned(name + ".weight"), 0, 3, 1, 2);
    }

    /** Normalises the groups of (B, channels, rows, columns), which the operator for instances does to (B, groups, ·). */
    private String groupNorm(String name, String x, int channels, int rows, int columns) {
        float[] ones = new float[config.groups()];
        Arrays.fill(ones, 1);
        String grouped = graph.node(name + ".grouped", "Reshape", x, graph.integers("shape.groups", 0, config.groups(), -1)).add();
        String normed = graph.node(name + ".normed", "InstanceNormalization", grouped, graph.reals("groups.ones", ones, config.groups()),
                graph.reals("groups.zeros", new float[config.groups()], config.groups())).attribute("epsilon", (float) BackboneConfig.GROUP_NORM_EPS).add();
        String planes = graph.node(name + ".planes", "Reshape", normed,
                graph.integers("shape.planes." + channels + "." + rows + "." + columns, 0, channels, rows, columns)).add();
        String axes = graph.integers("plane.axes", 1, 2);
        String weight = graph.node(name + ".scale", "Unsqueeze", layers.learned(name + ".weight"), axes).add();
        String bias = graph.node(name + ".shift", "Unsqueeze", layers.learned(name + ".bias"), axes).add();
        return layers.add(name, layers.multiply(name + ".scaled", planes, weight), bias);
    }
}
