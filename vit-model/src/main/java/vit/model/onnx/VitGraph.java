package vit.model.onnx;

import java.util.ArrayList;
import java.util.List;
import vit.kernels.patchembed.PatchOrder;
import vit.model.config.VitConfig;
import vit.model.config.VitConfig.FinalNorm;
import vit.model.config.VitConfig.Pooling;
import vit.model.config.VitConfig.Positions;
import vit.model.parameters.Parameter;
import vit.model.parameters.Parameters;
import vit.model.positions.SinCosPositions;

/**
 * The forward pass of one configuration as an ONNX graph (Dosovitskiy et al. 2020, equations 1 to 4; the same steps as
 * {@code VitForward}). The operators are arranged as runtimes expect them for fusion: MatMul then Add, Gelu, LayerNormalization, and the
 * scale of attention after Q·Kᵀ. For one thread.
 */
final class VitGraph {

    /** LayerNormalization is standard from 17 on, Gelu from 20 on. */
    static final int OPSET = 20;

    /** The version of the file format that goes with the operator set. */
    static final int IR_VERSION = 9;

    /** The domain of ONNX Runtime's own operators. */
    static final String MICROSOFT = "com.microsoft";

    static final String IMAGES = "images"; // (B, channels, height, width)
    static final String LOGITS = "logits"; // (B, classes)
    static final String EMBEDDINGS = "embeddings"; // (B, C), of a model without a head

    private final VitConfig config;
    private final Parameters parameters;
    private final boolean fused; // with ONNX Runtime's own operators
    private final OnnxGraph graph = new OnnxGraph();

    /** The residual stream, and the output of the LayerNorm that reads it next, or null if no block reads it. */
    private record Stream(String x, String normed) {}

    VitGraph(VitConfig config, OnnxOperators operators) {
        this.config = config;
        this.fused = operators == OnnxOperators.ONNX_RUNTIME;
        this.parameters = Parameters.of(config);
        String x = embed();
        Stream stream = new Stream(x, config.depth() == 0 ? null : norm(block(0, Parameters.NORM_1), x));
        for (int i = 0; i < config.depth(); i++) {
            stream = encode(i, stream);
        }
        classify(stream.x);
    }

    OnnxGraph graph() {
        return graph;
    }

    /** The name of the graph's only output. */
    String output() {
        return config.classes() > 0 ? LOGITS : EMBEDDINGS;
    }

    /** (B, T, C): the projected patches with the prefix tokens before them, and positions added. */
    private String embed() {
        String patches = isConvolution() ? convolution() : projection();
        boolean forAll = config.positions() == Positions.LEARNED;
        String positions = positions();
        if (!forAll) {
            patches = graph.node("patches.positioned", "Add", patches, positions).add();
        }
        String tokens = config.prefixTokens() == 0 ? patches
                : graph.node("tokens", "Concat", prefix(), patches).attribute("axis", 1).add();
        return forAll ? graph.node("tokens.positioned", "Add", tokens, positions).add() : tokens;
    }

    /** Whether the patch projection is a convolution: nothing precedes it, and its weight has the shape of a convolution's. */
    private boolean isConvolution() {
        return config.patchOrder() == PatchOrder.CHANNEL_FIRST && !config.patchNorm();
    }

    /** (B, P, C) by Conv. */
    private String convolution() {
        int patch = config.patch();
        String planes = graph.node("patch_embed.conv", "Conv", IMAGES,
                        learned(Parameters.PATCH_PROJECTION + ".weight"), learned(Parameters.PATCH_PROJECTION + ".bias"))
                .list("kernel_shape", patch, patch).list("strides", patch, patch).add();
        String flat = graph.node("patch_embed.flat", "Reshape", planes,
                graph.integers("shape.planes", 0, config.width(), config.patches())).add();
        return graph.node("patches", "Transpose", flat).list("perm", 0, 2, 1).add();
    }

    /** (B, P, C) by cutting patches out and multiplying them. */
    private String projection() {
        int patch = config.patch();
        String cut = graph.node("patch_embed.cut", "Reshape", IMAGES, graph.integers("shape.cut",
                0, config.channels(), config.gridHeight(), patch, config.gridWidth(), patch)).add(); // (B, c, h, p1, w, p2)
        boolean channelLast = config.patchOrder() == PatchOrder.CHANNEL_LAST;
        long[] order = channelLast ? new long[] {0, 2, 4, 3, 5, 1} : new long[] {0, 2, 4, 1, 3, 5};
        String sorted = graph.node("patch_embed.sorted", "Transpose", cut).list("perm", order).add();
        String patches = graph.node("patch_embed.patches", "Reshape", sorted,
                graph.integers("shape.patches", 0, config.patches(), config.patchElements())).add();
        if (config.patchNorm()) {
            patches = norm(Parameters.PATCH_NORM_BEFORE, patches);
        }
        patches = linear(Parameters.PATCH_PROJECTION, patches);
        return config.patchNorm() ? norm(Parameters.PATCH_NORM_AFTER, patches) : patches;
    }

    /** (B, R, C): class, distillation and register tokens, the same for every image. */
    private String prefix() {
        List<String> tokens = new ArrayList<>();
        for (String name : new String[] {Parameters.CLASS_TOKEN, Parameters.DISTILLATION_TOKEN, Parameters.REGISTER_TOKENS}) {
            if (parameters.find(name) != null) {
                tokens.add(learned(name));
            }
        }
        String one = tokens.size() == 1 ? tokens.getFirst()
                : graph.node("prefix", "Concat", tokens.toArray(String[]::new)).attribute("axis", 1).add();
        String batch = graph.node("batch", "Shape", IMAGES).attribute("start", 0).attribute("end", 1).add();
        String shape = graph.node("batch.shape", "Concat", batch, graph.integers("ones", 1, 1)).attribute("axis", 0).add();
        return graph.node("batch.prefix", "Expand", one, shape).add();
    }

    /** (1, T or P, C). */
    private String positions() {
        if (config.positions() != Positions.SINCOS_2D) {
            return learned(Parameters.POSITIONS);
        }
        return graph.reals("sincos_positions",
                SinCosPositions.table(config.gridHeight(), config.gridWidth(), config.width()), 1, config.patches(), config.width());
    }

    /** y = MSA(LN(x)) + x; x = MLP(LN(y)) + y. */
    private Stream encode(int i, Stream stream) {
        String attended = attention(i, stream.normed);
        Stream y = residual(i, "residual1", stream.x, Parameters.ATTENTION_OUTPUT, attended, Parameters.LAYER_SCALE_1,
                block(i, Parameters.NORM_2));
        String hidden = linear(block(i, Parameters.FC1), y.normed);
        return residual(i, "residual2", y.x, Parameters.FC2, gelu(block(i, "mlp.gelu"), hidden), Parameters.LAYER_SCALE_2,
                i + 1 < config.depth() ? block(i + 1, Parameters.NORM_1) : null);
    }

    private String gelu(String name, String input) {
        return switch (config.gelu()) {
            case ERF -> graph.node(name, "Gelu", input).attribute("approximate", "none").add();
            case TANH -> graph.node(name, "Gelu", input).attribute("approximate", "tanh").add();
            case QUICK -> {
                String scaled = graph.node(name + ".scaled", "Mul", input, graph.scalar("mlp.gelu.slope", 1.702)).add();
                yield graph.node(name, "Mul", input, graph.node(name + ".sigmoid", "Sigmoid", scaled).add()).add();
            }
        };
    }

    /** x + layer(input), and the LayerNorm of the sum unless {@code norm} is null. */
    private Stream residual(int i, String name, String x, String layer, String input, String layerScale, String norm) {
        if (fused && norm != null && !config.layerScale()) {
            return skipLayerNorm(block(i, name), x, block(i, layer), input, norm);
        }
        String branch = linear(block(i, layer), input);
        if (config.layerScale()) {
            branch = graph.node(block(i, name + ".scaled"), "Mul", branch, learned(block(i, layerScale))).add();
        }
        String sum = graph.node(block(i, name), "Add", x, branch).add();
        return new Stream(sum, norm == null ? null : norm(norm, sum));
    }

    /** The same in one operator, whose fourth output is the sum. */
    private Stream skipLayerNorm(String name, String x, String layer, String input, String norm) {
        String product = graph.node(layer + ".product", "MatMul", input, graph.kernel(parameters.find(layer + ".weight"))).add();
        List<String> inputs = new ArrayList<>(List.of(product, x, learned(norm + ".weight"), learned(norm + ".bias")));
        if (parameters.find(layer + ".bias") != null) {
            inputs.add(learned(layer + ".bias"));
        }
        graph.node(norm, "SkipLayerNormalization", inputs.toArray(String[]::new)).domain(MICROSOFT)
                .attribute("epsilon", (float) config.layerNormEps()).add(norm, "", "", name);
        return new Stream(name, norm);
    }

    /** softmax(Q·Kᵀ / √D)·V of every head, before the output projection: (B, T, H·D). */
    private String attention(int i, String x) {
        String qkv = linear(block(i, Parameters.QKV), x);
        String[] parts = {block(i, "attn.q"), block(i, "attn.k"), block(i, "attn.v")};
        graph.node(block(i, "attn.split"), "Split", qkv).attribute("axis", -1).attribute("num_outputs", 3).add(parts);
        if (fused) {
            return graph.node(block(i, "attn.tokens"), "MultiHeadAttention", parts).domain(MICROSOFT)
                    .attribute("num_heads", config.heads()).attribute("scale", (float) (1 / Math.sqrt(config.headDim()))).add();
        }
        String q = heads(parts[0], 0, 2, 1, 3); // (B, H, T, D)
        String k = heads(parts[1], 0, 2, 3, 1); // (B, H, D, T)
        String v = heads(parts[2], 0, 2, 1, 3);
        String products = graph.node(block(i, "attn.products"), "MatMul", q, k).add();
        String scores = graph.node(block(i, "attn.scores"), "Mul", products,
                graph.scalar("attn.scale", 1 / Math.sqrt(config.headDim()))).add();
        String probabilities = graph.node(block(i, "attn.probabilities"), "Softmax", scores).attribute("axis", -1).add();
        String context = graph.node(block(i, "attn.context"), "MatMul", probabilities, v).add();
        String sorted = graph.node(block(i, "attn.sorted"), "Transpose", context).list("perm", 0, 2, 1, 3).add();
        return graph.node(block(i, "attn.tokens"), "Reshape", sorted,
                graph.integers("shape.tokens", 0, 0, config.inner())).add();
    }

    private String heads(String part, long... order) {
        String split = graph.node(part + ".split", "Reshape", part,
                graph.integers("shape.heads", 0, 0, config.heads(), config.headDim())).add();
        return graph.node(part + ".heads", "Transpose", split).list("perm", order).add();
    }

    /** The final norm and the pooling, in the order of the configuration, then the head. */
    private void classify(String x) {
        String finalNorm = Parameters.finalNorm(config);
        String pooled;
        if (config.pooling() == Pooling.TOKEN) {
            pooled = norm(finalNorm, token("class", x, 0));
        } else if (config.finalNorm() == FinalNorm.BEFORE_POOLING) {
            pooled = mean(norm(finalNorm, x));
        } else {
            pooled = norm(finalNorm, mean(x));
        }
        if (config.preLogits()) {
            pooled = graph.node("pre_logits.tanh", "Tanh", gemm(Parameters.PRE_LOGITS, pooled, "pre_logits.fc")).add();
        }
        if (config.classes() == 0) {
            graph.node(EMBEDDINGS, "Identity", pooled).add();
        } else if (config.distillationToken()) {
            String distilled = graph.node("distilled.norm", "LayerNormalization", token("distilled", x, 1),
                            learned(finalNorm + ".weight"), learned(finalNorm + ".bias"))
                    .attribute("axis", -1).attribute("epsilon", (float) config.layerNormEps()).add();
            String sum = graph.node("logits.sum", "Add", gemm(Parameters.HEAD, pooled, "logits.class"),
                    gemm(Parameters.DISTILLATION_HEAD, distilled, "logits.distilled")).add();
            graph.node(LOGITS, "Mul", sum, graph.scalar("half", 0.5)).add();
        } else {
            gemm(Parameters.HEAD, pooled, LOGITS);
        }
    }

    /** One token of every image: (B, C). */
    private String token(String name, String x, int index) {
        String at = graph.scalarInteger(name + ".index", index);
        return graph.node(name + ".token", "Gather", x, at).attribute("axis", 1).add();
    }

    /** The mean over the tokens that the pooling takes: (B, C). */
    private String mean(String x) {
        String tokens = x;
        if (config.pooling() == Pooling.PATCH_MEAN && config.prefixTokens() > 0) {
            tokens = graph.node("pool.patches", "Slice", x, graph.integers("pool.from", config.prefixTokens()),
                    graph.integers("pool.to", config.tokens()), graph.integers("pool.axis", 1)).add();
        }
        return graph.node("pool.mean", "ReduceMean", tokens, graph.integers("pool.axis", 1)).attribute("keepdims", 0).add();
    }

    private String norm(String name, String x) {
        return graph.node(name, "LayerNormalization", x, learned(name + ".weight"), learned(name + ".bias"))
                .attribute("axis", -1).attribute("epsilon", (float) config.layerNormEps()).add();
    }

    /** x·Wᵀ + b over the last axis, with the bias if there is one. */
    private String linear(String name, String x) {
        Parameter bias = parameters.find(name + ".bias");
        String product = graph.node(bias == null ? name : name + ".product", "MatMul", x,
                graph.kernel(parameters.find(name + ".weight"))).add();
        return bias == null ? product : graph.node(name, "Add", product, graph.learned(bias)).add();
    }

    /** x·Wᵀ + b for a matrix x. */
    private String gemm(String name, String x, String output) {
        return graph.node(output, "Gemm", x, learned(name + ".weight"), learned(name + ".bias")).attribute("transB", 1).add();
    }

    private String learned(String name) {
        return graph.learned(parameters.find(name));
    }

    private static String block(int i, String part) {
        return Parameters.block(i, part);
    }

    /** The dimensions of the input; the first is the batch. */
    long[] imageDimensions() {
        return new long[] {config.channels(), config.imageHeight(), config.imageWidth()};
    }

    long[] outputDimensions() {
        return new long[] {config.classes() > 0 ? config.classes() : config.width()};
    }
}
