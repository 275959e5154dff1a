package vit.model.onnx;

import java.util.ArrayList;
import java.util.List;
import vit.kernels.patchembed.PatchOrder;
import vit.model.config.VitConfig;
import vit.model.config.VitConfig.Positions;
import vit.model.parameters.Parameters;
import vit.model.positions.SinCosPositions;

/** From images to the tokens of the first block, as {@code vit.model.forward.Stem}. For one thread. */
final class GraphStem {

    private final GraphLayers layers;
    private final VitConfig config;
    private final OnnxGraph graph;

    GraphStem(GraphLayers layers) {
        this.layers = layers;
        this.config = layers.config();
        this.graph = layers.graph();
    }

    /** (B, T, C): the prefix tokens and the projected patches, with positions, normed if the model does so. */
    String tokens() {
        String tokens = positioned(isConvolution() ? convolution() : projection());
        return config.preNorm() ? layers.norm(Parameters.PRE_NORM, tokens) : tokens;
    }

    /** Whether the patch projection is a convolution: nothing precedes it, and its weight has the shape of a convolution's. */
    private boolean isConvolution() {
        return config.patchOrder() == PatchOrder.CHANNEL_FIRST && !config.patchNorm();
    }

    /** (B, P, C) by Conv. */
    private String convolution() {
        int patch = config.patch();
        List<String> inputs = new ArrayList<>();
        if (config.stem().backbone() == null) {
            inputs.addAll(List.of(VitGraph.IMAGES, layers.learned(Parameters.PATCH_PROJECTION + ".weight")));
        } else {
            GraphBackbone backbone = new GraphBackbone(layers);
            inputs.addAll(List.of(backbone.map(), backbone.planar(Parameters.PATCH_PROJECTION)));
        }
        if (config.stem().patchBias()) {
            inputs.add(layers.learned(Parameters.PATCH_PROJECTION + ".bias"));
        }
        String planes = graph.node("patch_embed.conv", "Conv", inputs.toArray(String[]::new))
                .list("kernel_shape", patch, patch).list("strides", patch, patch).add();
        String flat = graph.node("patch_embed.flat", "Reshape", planes,
                graph.integers("shape.planes", 0, config.width(), config.patches())).add();
        return layers.transposed("patches", flat, 0, 2, 1);
    }

    /** (B, P, C) by cutting patches out and multiplying them. */
    private String projection() {
        if (config.imageHeight() % config.patch() != 0 || config.imageWidth() % config.patch() != 0) {
            throw new IllegalArgumentException("patches with a norm or the channels last must cover the whole image to be exported");
        }
        int patch = config.patch();
        String cut = graph.node("patch_embed.cut", "Reshape", VitGraph.IMAGES, graph.integers("shape.cut",
                0, config.channels(), config.gridHeight(), patch, config.gridWidth(), patch)).add(); // (B, c, h, p1, w, p2)
        boolean channelLast = config.patchOrder() == PatchOrder.CHANNEL_LAST;
        long[] order = channelLast ? new long[] {0, 2, 4, 3, 5, 1} : new long[] {0, 2, 4, 1, 3, 5};
        String sorted = layers.transposed("patch_embed.sorted", cut, order);
        String patches = graph.node("patch_embed.patches", "Reshape", sorted,
                graph.integers("shape.patches", 0, config.patches(), config.patchElements())).add();
        if (config.patchNorm()) {
            patches = layers.norm(Parameters.PATCH_NORM_BEFORE, patches);
        }
        patches = layers.linear(Parameters.PATCH_PROJECTION, patches);
        return config.patchNorm() ? layers.norm(Parameters.PATCH_NORM_AFTER, patches) : patches;
    }

    /** (B, T, C): the prefix before the patches, and positions added to those tokens that have one. */
    private String positioned(String patches) {
        int prefixRows = config.positionedPrefix();
        if (config.positions() == Positions.NONE) {
            return joined(prefix(null), patches);
        }
        if (prefixRows == config.prefixTokens()) {
            return layers.add("tokens.positioned", joined(prefix(null), patches), positions());
        }
        if (prefixRows == 0) {
            return joined(prefix(null), layers.add("patches.positioned", patches, positions()));
        }
        String ofPrefix = graph.node("positions.split", "Split", positions(), graph.integers("positions.rows", prefixRows, config.patches()))
                .attribute("axis", 1).add("positions.prefix", "positions.patches");
        return joined(prefix(ofPrefix), layers.add("patches.positioned", patches, "positions.patches"));
    }

    /** The prefix, or null if there is none, before the patches. */
    private String joined(String prefix, String patches) {
        return prefix == null ? patches : graph.node("tokens", "Concat", prefix, patches).attribute("axis", 1).add();
    }

    /**
     * (B, R, C): class, distillation and register tokens, the same for every image; null if there are none.
     *
     * @param positions (1, R − registers, C): of the tokens before the registers, or null
     */
    private String prefix(String positions) {
        List<String> tokens = present(Parameters.CLASS_TOKEN, Parameters.DISTILLATION_TOKEN);
        if (positions != null) {
            tokens = new ArrayList<>(List.of(layers.add("prefix.positioned", concatenated("prefix.learned", tokens), positions)));
        }
        tokens.addAll(present(Parameters.REGISTER_TOKENS));
        if (tokens.isEmpty()) {
            return null;
        }
        String one = concatenated("prefix", tokens);
        String batch = graph.node("batch", "Shape", VitGraph.IMAGES).attribute("start", 0).attribute("end", 1).add();
        String shape = graph.node("batch.shape", "Concat", batch, graph.integers("ones", 1, 1)).attribute("axis", 0).add();
        return graph.node("batch.prefix", "Expand", one, shape).add();
    }

    /** Those of the tokens that the model has. */
    private List<String> present(String... names) {
        List<String> tokens = new ArrayList<>();
        for (String name : names) {
            if (layers.has(name)) {
                tokens.add(layers.learned(name));
            }
        }
        return tokens;
    }

    /** The tokens one after the other. */
    private String concatenated(String output, List<String> tokens) {
        return tokens.size() == 1 ? tokens.getFirst()
                : graph.node(output, "Concat", tokens.toArray(String[]::new)).attribute("axis", 1).add();
    }

    /** (1, T, C), or less: the rows of the tokens that have a position. */
    private String positions() {
        if (config.positions().isTable()) {
            return layers.learned(Parameters.POSITIONS);
        }
        if (config.positions() == Positions.LEARNED_AXES) {
            return joinedAxes();
        }
        return graph.reals("sincos_positions", SinCosPositions.of(config), 1, config.positionedPrefix() + config.patches(), config.width());
    }

    /** (1, P, C): the position of each patch's column, then that of its row. */
    private String joinedAxes() {
        int half = config.width() / 2;
        String grid = graph.integers("shape.axis", config.gridHeight(), config.gridWidth(), half);
        String ofColumns = graph.node("positions.columns", "Expand", layers.learned(Parameters.POSITIONS_X), grid).add(); // (h, w, C/2)
        String rows = graph.node("positions.rows.apart", "Reshape", layers.learned(Parameters.POSITIONS_Y),
                graph.integers("shape.rows", config.gridHeight(), 1, half)).add();
        String ofRows = graph.node("positions.rows.wide", "Expand", rows, grid).add();
        String joined = graph.node("positions.grid", "Concat", ofColumns, ofRows).attribute("axis", 2).add();
        return graph.node("positions.joined", "Reshape", joined, graph.integers("shape.positions", 1, config.patches(), config.width())).add();
    }
}
