package vit.model.onnx;

import java.util.ArrayList;
import java.util.List;
import vit.model.config.VitConfig;
import vit.model.parameters.Parameter;
import vit.model.parameters.Parameters;

/**
 * The layers from which the parts of a graph are made, beside what they read: the configuration and its parameters. The operators are arranged as runtimes
 * expect them for fusion: MatMul then Add, Gelu, LayerNormalization, and the scale of attention after Q·Kᵀ. For one thread.
 *
 * @param fused whether ONNX Runtime's own operators may be used
 * @param int8  whether the weights of linear layers are int8
 * @param graph receives the operators
 */
record GraphLayers(VitConfig config, Parameters parameters, boolean fused, boolean int8, OnnxGraph graph) {

    /** The domain of ONNX Runtime's own operators. */
    static final String MICROSOFT = "com.microsoft";

    private static final double QUICK_GELU_SLOPE = 1.702;

    boolean has(String parameter) {
        return parameters.find(parameter) != null;
    }

    /** A learned tensor in its own shape. */
    String learned(String name) {
        return graph.learned(parameters.find(name));
    }

    /** x·Wᵀ + b over the last axis, with the bias if there is one. */
    String linear(String name, String x) {
        return has(name + ".bias") ? add(name, product(name, x), learned(name + ".bias")) : product(name, name, x);
    }

    /** x·Wᵀ over the last axis, without the bias; the value's name leaves {@code name} to the sum with the bias. */
    String product(String name, String x) {
        return product(name + ".product", name, x);
    }

    private String product(String output, String name, String x) {
        Parameter weight = parameters.find(name + ".weight");
        return int8 ? int8Product(output, name, x, weight) : graph.node(output, "MatMul", x, graph.kernel(weight)).add();
    }

    /** scale(x)·scale(W)·((q(x) − offset(x))·q(W)ᵀ), with x rounded to uint8 in each call. ONNX Runtime fuses the operators in this order. */
    private String int8Product(String output, String name, String x, Parameter weight) {
        String rounded = x + ".uint8";
        if (!graph.has(rounded)) { // an input of several layers is rounded once
            graph.node(rounded, "DynamicQuantizeLinear", x).add(rounded, x + ".scale", x + ".offset");
        }
        String sums = graph.node(name + ".int32", "MatMulInteger", rounded, graph.int8Kernel(weight), x + ".offset", graph.int8Zeros(weight.out())).add();
        String real = graph.node(name + ".int32.float", "Cast", sums).attribute("to", Initializer.FLOAT).add();
        String scales = multiply(name + ".product.scales", x + ".scale", graph.int8Scales(weight));
        return multiply(output, real, scales);
    }

    /** x·Wᵀ + b for a matrix x, with the bias if there is one. */
    String gemm(String output, String name, String x) {
        Parameter bias = parameters.find(name + ".bias");
        OnnxGraph.Node node = bias == null ? graph.node(output, "Gemm", x, learned(name + ".weight"))
                : graph.node(output, "Gemm", x, learned(name + ".weight"), graph.learned(bias));
        return node.attribute("transB", 1).add();
    }

    String add(String output, String a, String b) {
        return graph.node(output, "Add", a, b).add();
    }

    String multiply(String output, String a, String b) {
        return graph.node(output, "Mul", a, b).add();
    }

    /** The norm of this name over the last axis. */
    String norm(String name, String x) {
        return norm(name, name, x);
    }

    /** The norm {@code name} as the value {@code output}. A norm without a bias is an RMSNorm. */
    String norm(String output, String name, String x) {
        String weight = learned(name + ".weight");
        if (has(name + ".bias")) {
            return epsilon(graph.node(output, "LayerNormalization", x, weight, learned(name + ".bias"))).attribute("axis", -1).add();
        }
        // ONNX Runtime has this operator in the standard domain, although the standard does not know it.
        return fused ? epsilon(graph.node(output, "SimplifiedLayerNormalization", x, weight)).attribute("axis", -1).add() : rmsNorm(output, weight, x);
    }

    private OnnxGraph.Node epsilon(OnnxGraph.Node norm) {
        return norm.attribute("epsilon", (float) config.layerNormEps());
    }

    /** x / √(mean(x²) + ε) · weight. */
    private String rmsNorm(String output, String weight, String x) {
        String squares = graph.node(output + ".squares", "Pow", x, graph.scalar("two", 2)).add();
        String mean = graph.node(output + ".mean", "ReduceMean", squares, graph.integers("last_axis", -1)).attribute("keepdims", 1).add();
        String shifted = add(output + ".shifted", mean, graph.scalar("norm.epsilon", config.layerNormEps()));
        String root = graph.node(output + ".root", "Sqrt", shifted).add();
        return multiply(output, graph.node(output + ".scaled", "Div", x, root).add(), weight);
    }

    /** The norm of x + branch + bias in one operator of ONNX Runtime, which also gives the sum. The bias may be null. */
    String skipNorm(String norm, String sum, String x, String branch, String bias) {
        boolean layer = has(norm + ".bias");
        List<String> inputs = new ArrayList<>(List.of(branch, x, learned(norm + ".weight")));
        if (layer) {
            inputs.add(learned(norm + ".bias"));
        }
        if (bias != null) {
            inputs.add(bias);
        }
        String operator = layer ? "SkipLayerNormalization" : "SkipSimplifiedLayerNormalization";
        return epsilon(graph.node(norm, operator, inputs.toArray(String[]::new))).domain(MICROSOFT).add(norm, "", "", sum);
    }

    /** The GELU of the configuration. */
    String gelu(String output, String x) {
        return switch (config.gelu()) {
            case ERF -> graph.node(output, "Gelu", x).attribute("approximate", "none").add();
            case TANH -> graph.node(output, "Gelu", x).attribute("approximate", "tanh").add();
            case QUICK -> fused ? quickGelu(output, x, QUICK_GELU_SLOPE)
                    : gate(output, x, multiply(output + ".scaled", x, graph.scalar("mlp.gelu.slope", QUICK_GELU_SLOPE)));
        };
    }

    /** x·σ(x). */
    String silu(String output, String x) {
        return fused ? quickGelu(output, x, 1) : gate(output, x, x);
    }

    /** x·σ(slope·x). */
    private String quickGelu(String output, String x, double slope) {
        return graph.node(output, "QuickGelu", x).domain(MICROSOFT).attribute("alpha", (float) slope).add();
    }

    /** x·σ(a). */
    private String gate(String output, String x, String a) {
        return multiply(output, x, graph.node(output + ".sigmoid", "Sigmoid", a).add());
    }

    /** (B, T, H·D) as (B, T, H, D). */
    String heads(String x) {
        return graph.node(x + ".split", "Reshape", x, graph.integers("shape.heads", 0, 0, config.heads(), config.headDim())).add();
    }

    /** The axes of x in another order. */
    String transposed(String output, String x, long... order) {
        return graph.node(output, "Transpose", x).list("perm", order).add();
    }

    /**
     * softmax(Q·Kᵀ / √D + bias)·V: (B, H, queries, D).
     *
     * @param prefix of the names of all values
     * @param q      (B or 1, H, queries, D)
     * @param k      (B, H, D, keys)
     * @param v      (B, H, keys, D)
     * @param bias   (1, H, queries, keys), or null
     */
    String attention(String prefix, String q, String k, String v, String bias) {
        String products = graph.node(prefix + ".products", "MatMul", q, k).add();
        String scores = multiply(prefix + ".scores", products, graph.scalar("attn.scale", 1 / Math.sqrt(config.headDim())));
        String biased = bias == null ? scores : add(prefix + ".biased", scores, bias);
        String probabilities = graph.node(prefix + ".probabilities", "Softmax", biased).attribute("axis", -1).add();
        return graph.node(prefix + ".context", "MatMul", probabilities, v).add();
    }
}
