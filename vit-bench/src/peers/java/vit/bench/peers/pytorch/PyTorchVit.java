package vit.bench.peers.pytorch;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDArrays;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.index.NDIndex;
import ai.djl.ndarray.types.Shape;
import ai.djl.nn.Activation;
import ai.djl.nn.convolutional.Conv2d;
import ai.djl.nn.core.Linear;
import ai.djl.nn.norm.LayerNorm;
import java.io.IOException;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import vit.kernels.patchembed.PatchOrder;
import vit.model.config.AttentionConfig;
import vit.model.config.AttentionConfig.RelativePositions;
import vit.model.config.MlpConfig;
import vit.model.config.NormKind;
import vit.model.config.VitConfig;
import vit.model.config.VitConfig.FinalNorm;
import vit.model.config.VitConfig.Pooling;
import vit.model.config.VitConfig.Positions;
import vit.model.parameters.Parameter;
import vit.model.parameters.ParameterSource;
import vit.model.parameters.Parameters;

/**
 * timm's Vision Transformer, and what CLIP, DINOv2 and SigLIP add to it, in calls of PyTorch's own functions ({@code linear}, {@code layer_norm},
 * {@code gelu}, {@code conv2d}, {@code scaled_dot_product_attention}). Inference frees every intermediate as soon as it has been read, as PyTorch's
 * reference counts do, and adds and multiplies in place where nothing else reads the operand. Training keeps the intermediates for autograd, and
 * computes attention with {@code matmul} and {@code softmax}.
 */
final class PyTorchVit {

    private final VitConfig config;
    private final Map<String, NDArray> weights = new LinkedHashMap<>();
    private final TorchFunction fusedAttention;
    private final TorchFunction geluTanh;

    PyTorchVit(ParameterSource source, NDManager manager) throws IOException {
        config = source.config();
        List<String> missing = notComputed(config);
        if (!missing.isEmpty()) {
            throw new UnsupportedOperationException("the comparison with PyTorch does not compute what this model has: " + String.join(", ", missing));
        }
        fusedAttention = TorchFunction.attention(manager);
        geluTanh = TorchFunction.geluTanh(manager);
        for (Parameter parameter : Parameters.of(config).list()) {
            float[] values = new float[Math.toIntExact(parameter.shape().size())];
            source.read(parameter, values);
            long[] shape = new long[parameter.shape().rank()];
            for (int i = 0; i < shape.length; i++) {
                shape[i] = parameter.shape().dimension(i);
            }
            weights.put(parameter.name(), manager.create(values, new Shape(shape)));
        }
    }

    /** The parts of a model that are not written here, by name; none if the model can be run. */
    static List<String> notComputed(VitConfig config) {
        AttentionConfig attention = config.block().attention();
        MlpConfig mlp = config.block().mlp();
        Map<String, Boolean> parts = new LinkedHashMap<>();
        parts.put("a convolutional network before the patches", config.stem().backbone() != null);
        parts.put("patches in the order " + config.patchOrder(), config.patchOrder() != PatchOrder.CHANNEL_FIRST);
        parts.put("norms around the patch projection", config.patchNorm());
        parts.put(config.prefixTokens() + " tokens before the patches", config.prefixTokens() != (config.classToken() ? 1 : 0));
        parts.put("the positions " + config.positions(), config.positions() != Positions.LEARNED);
        parts.put("RMSNorm", config.block().norm() != NormKind.LAYER);
        parts.put("keys without bias", attention.qkvBias() && !attention.keyBias());
        parts.put("normed queries and keys", attention.queryKeyNorm());
        parts.put("rotary positions", attention.rotary() != null);
        parts.put("relative positions", attention.relative() != RelativePositions.NONE);
        parts.put("a norm inside attention", attention.innerNorm());
        parts.put("the MLP " + mlp.kind(), mlp.kind() != MlpConfig.Kind.GELU);
        parts.put("a norm inside the MLP", mlp.innerNorm());
        parts.put("the pooling " + config.pooling(), config.pooling() != Pooling.TOKEN && !config.pooling().isAttention());
        parts.put("no final norm", config.finalNorm() == FinalNorm.NONE);
        parts.put("a layer before the head", config.preLogits());
        return parts.entrySet().stream().filter(Map.Entry::getValue).map(Map.Entry::getKey).toList();
    }

    /** The learned arrays, in the order of the forward pass. */
    List<NDArray> parameters() {
        return new ArrayList<>(weights.values());
    }

    NDArray weight(String name) {
        return weights.get(name);
    }

    /** The logits or the embeddings of {@code images}, which is freed like every intermediate. */
    NDArray infer(NDArray images) {
        return forward(images, true);
    }

    /** The logits or the embeddings of {@code images}; everything that autograd needs is kept. */
    NDArray train(NDArray images) {
        return forward(images, false);
    }

    private NDArray forward(NDArray images, boolean free) {
        long batch = images.getShape().get(0);
        NDArray x = embed(images, batch, free);
        for (int i = 0; i < config.depth(); i++) {
            x = encode(i, x, free);
        }
        NDArray pooled = config.pooling().isAttention() ? attentionPool(x, free) : norm(Parameters.finalNorm(config), x.get(":, 0"));
        return config.classes() == 0 ? pooled : linear(Parameters.HEAD, pooled);
    }

    private NDArray embed(NDArray images, long batch, boolean free) {
        NDArray planes = Conv2d.conv2d(images, weights.get(Parameters.PATCH_PROJECTION + ".weight"),
                weights.get(Parameters.PATCH_PROJECTION + ".bias"), new Shape(config.patch(), config.patch())).singletonOrThrow();
        NDArray tokens = planes.reshape(batch, config.width(), config.patches()).transpose(0, 2, 1);
        if (config.classToken()) {
            NDArray patches = tokens;
            NDArray token = repeated(Parameters.CLASS_TOKEN, batch, images);
            tokens = NDArrays.concat(new NDList(token, patches), 1);
            free(free, patches, token);
        }
        NDArray x = add(tokens, weights.get(Parameters.POSITIONS), free);
        free(free, images, planes);
        if (!config.preNorm()) {
            return x;
        }
        NDArray normed = norm(Parameters.PRE_NORM, x);
        free(free, x);
        return normed;
    }

    /** A learned token (1, 1, C), once for each image: (B, 1, C). It belongs to the scope of {@code owner}. */
    private NDArray repeated(String name, long batch, NDArray owner) {
        NDArray token = weights.get(name).broadcast(new Shape(batch, 1, config.width()));
        token.attach(owner.getManager());
        return token;
    }

    private NDArray encode(int i, NDArray x, boolean free) {
        NDArray normed = norm(Parameters.block(i, Parameters.NORM_1), x);
        NDArray attended = attention(i, normed, free);
        NDArray branch = scaled(Parameters.block(i, Parameters.LAYER_SCALE_1),
                linear(Parameters.block(i, Parameters.ATTENTION_OUTPUT), attended), free);
        NDArray y = add(branch, x, free);
        free(free, x, normed, attended);
        NDArray normed2 = norm(Parameters.block(i, Parameters.NORM_2), y);
        NDArray hidden = linear(Parameters.block(i, Parameters.FC1), normed2);
        NDArray gelu = gelu(hidden, free);
        NDArray branch2 = scaled(Parameters.block(i, Parameters.LAYER_SCALE_2), linear(Parameters.block(i, Parameters.FC2), gelu), free);
        NDArray z = add(branch2, y, free);
        free(free, y, normed2, hidden, gelu);
        return z;
    }

    private NDArray attention(int i, NDArray x, boolean free) {
        long batch = x.getShape().get(0);
        long tokens = x.getShape().get(1);
        NDArray qkv = linear(Parameters.block(i, Parameters.QKV), x);
        NDArray sorted = qkv.reshape(batch, tokens, 3, config.heads(), config.headDim()).transpose(2, 0, 3, 1, 4);
        NDArray q = sorted.get(0);
        NDArray k = sorted.get(1);
        NDArray v = sorted.get(2);
        NDArray context = free ? fusedAttention.call(false, q, k, v) : products(q, k, v);
        NDArray joined = context.transpose(0, 2, 1, 3).reshape(batch, tokens, config.inner());
        free(free, qkv, sorted, q, k, v, context);
        return joined;
    }

    /** softmax(q·kᵀ/√D)·v, step by step. */
    private NDArray products(NDArray q, NDArray k, NDArray v) {
        NDArray scaled = q.mul((float) (1 / Math.sqrt(config.headDim())));
        return scaled.matMul(k.transpose(0, 1, 3, 2)).softmax(-1).matMul(v);
    }

    /** SigLIP's head (timm's {@code attn_pool}): attention of a learned query to the tokens, then an MLP with a residual connection. (B, C). */
    private NDArray attentionPool(NDArray x, boolean free) {
        long batch = x.getShape().get(0);
        long width = config.width();
        NDArray used = config.pooling().includesPrefix() || config.prefixTokens() == 0 ? x : x.get(new NDIndex(":, {}:", config.prefixTokens()));
        NDArray normed = norm(Parameters.finalNorm(config), used);
        long keys = normed.getShape().get(1);
        NDArray query = linear(Parameters.POOL_QKV, 0, width, repeated(Parameters.POOL_QUERY, batch, x));
        NDArray q = query.reshape(batch, 1, config.heads(), config.headDim()).transpose(0, 2, 1, 3);
        NDArray kv = linear(Parameters.POOL_QKV, width, 3 * width, normed);
        NDArray sorted = kv.reshape(batch, keys, 2, config.heads(), config.headDim()).transpose(2, 0, 3, 1, 4);
        NDArray k = sorted.get(0);
        NDArray v = sorted.get(1);
        NDArray context = free ? fusedAttention.call(false, q, k, v) : products(q, k, v);
        free(free, x, normed, kv, sorted, k, v);
        NDArray attended = linear(Parameters.POOL_OUTPUT, context.reshape(batch, width));
        NDArray hidden = linear(Parameters.POOL_FC1, norm(Parameters.POOL_NORM, attended));
        return add(linear(Parameters.POOL_FC2, gelu(hidden, free)), attended, free);
    }

    private NDArray gelu(NDArray hidden, boolean free) {
        return switch (config.gelu()) {
            case ERF -> Activation.gelu(hidden);
            case TANH -> geluTanh.call(!free, hidden);
            case QUICK -> quickGelu(hidden, free);
        };
    }

    /** x·σ(1.702·x) in the three steps of transformers and OpenCLIP. */
    private static NDArray quickGelu(NDArray x, boolean free) {
        NDArray scaled = x.mul(1.702f);
        NDArray gate = Activation.sigmoid(scaled);
        free(free, scaled);
        return free ? gate.muli(x) : gate.mul(x);
    }

    /** The branch times its LayerScale, if there is one, in place if nothing else reads the branch. */
    private NDArray scaled(String name, NDArray branch, boolean inPlace) {
        NDArray gamma = weights.get(name);
        if (gamma == null) {
            return branch;
        }
        return inPlace ? branch.muli(gamma) : branch.mul(gamma);
    }

    /** {@code a + b}, written into {@code a} if nothing else reads it. */
    private static NDArray add(NDArray a, NDArray b, boolean inPlace) {
        return inPlace ? a.addi(b) : a.add(b);
    }

    private static void free(boolean free, NDArray... arrays) {
        if (free) {
            for (NDArray array : arrays) {
                array.close();
            }
        }
    }

    private NDArray norm(String name, NDArray x) {
        return LayerNorm.layerNorm(x, new Shape(config.width()), weights.get(name + ".weight"), weights.get(name + ".bias"),
                (float) config.layerNormEps()).singletonOrThrow();
    }

    private NDArray linear(String name, NDArray x) {
        return linear(x, weights.get(name + ".weight"), weights.get(name + ".bias"));
    }

    /** Rows {@code from} to {@code to} of a layer alone. */
    private NDArray linear(String name, long from, long to, NDArray x) {
        NDArray weight = rows(name + ".weight", from, to, x);
        NDArray bias = rows(name + ".bias", from, to, x);
        return linear(x, weight, bias);
    }

    /** A view of some rows of a parameter. It belongs to the scope of {@code owner}. */
    private NDArray rows(String name, long from, long to, NDArray owner) {
        NDArray view = weights.get(name).get(new NDIndex("{}:{}", from, to));
        view.attach(owner.getManager());
        return view;
    }

    private static NDArray linear(NDArray x, NDArray weight, NDArray bias) {
        return (bias == null ? Linear.linear(x, weight) : Linear.linear(x, weight, bias)).singletonOrThrow();
    }
}
