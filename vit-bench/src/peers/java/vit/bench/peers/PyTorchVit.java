package vit.bench.peers;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDArrays;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
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
import vit.kernels.gelu.GeluKind;
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
 * timm's Vision Transformer in DJL's operations, each of which is one call of a function of PyTorch ({@code linear}, {@code layer_norm},
 * {@code gelu}, {@code conv2d}, {@code matmul}, {@code softmax}). Inference frees every intermediate as soon as it has been read, as PyTorch's
 * reference counts do, and adds in place where nothing else reads the operand. Training keeps the intermediates for autograd.
 */
final class PyTorchVit {

    private final VitConfig config;
    private final Map<String, NDArray> weights = new LinkedHashMap<>();

    PyTorchVit(ParameterSource source, NDManager manager) throws IOException {
        config = source.config();
        List<String> missing = notComputed(config);
        if (!missing.isEmpty()) {
            throw new IllegalArgumentException("only timm's plain ViT with a class token is written for PyTorch; this model has "
                    + String.join(", ", missing));
        }
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
        parts.put("patches in the order " + config.patchOrder(), config.patchOrder() != PatchOrder.CHANNEL_FIRST);
        parts.put("a patch projection without bias", !config.stem().patchBias());
        parts.put("norms around the patch projection", config.patchNorm());
        parts.put(config.prefixTokens() + " tokens before the patches", config.prefixTokens() != 1 || !config.classToken());
        parts.put("the positions " + config.positions(), config.positions() != Positions.LEARNED);
        parts.put("a norm before the blocks", config.preNorm());
        parts.put("RMSNorm", config.block().norm() != NormKind.LAYER);
        parts.put("keys without bias", attention.qkvBias() && !attention.keyBias());
        parts.put("normed queries and keys", attention.queryKeyNorm());
        parts.put("rotary positions", attention.rotary() != null);
        parts.put("relative positions", attention.relative() != RelativePositions.NONE);
        parts.put("a norm inside attention", attention.innerNorm());
        parts.put("the MLP " + mlp.kind(), mlp.kind() != MlpConfig.Kind.GELU);
        parts.put("the GELU " + mlp.gelu(), mlp.kind() == MlpConfig.Kind.GELU && mlp.gelu() != GeluKind.ERF);
        parts.put("a norm inside the MLP", mlp.innerNorm());
        parts.put("layer scale", config.layerScale());
        parts.put("the pooling " + config.pooling(), config.pooling() != Pooling.TOKEN);
        parts.put("no final norm", config.finalNorm() == FinalNorm.NONE);
        parts.put("a layer before the head", config.preLogits());
        parts.put("a head that is a projection", config.isProjection());
        parts.put("no head", config.classes() == 0);
        return parts.entrySet().stream().filter(Map.Entry::getValue).map(Map.Entry::getKey).toList();
    }

    /** The learned arrays, in the order of the forward pass. */
    List<NDArray> parameters() {
        return new ArrayList<>(weights.values());
    }

    NDArray weight(String name) {
        return weights.get(name);
    }

    /** The logits of {@code images}, which is freed like every intermediate. */
    NDArray infer(NDArray images) {
        return forward(images, true);
    }

    /** The logits of {@code images}; everything that autograd needs is kept. */
    NDArray train(NDArray images) {
        return forward(images, false);
    }

    private NDArray forward(NDArray images, boolean free) {
        long batch = images.getShape().get(0);
        NDArray x = embed(images, batch, free);
        for (int i = 0; i < config.depth(); i++) {
            x = encode(i, x, free);
        }
        NDArray token = x.get(":, 0");
        NDArray pooled = norm(Parameters.finalNorm(config), token);
        return linear(Parameters.HEAD, pooled);
    }

    private NDArray embed(NDArray images, long batch, boolean free) {
        NDArray planes = Conv2d.conv2d(images, weights.get(Parameters.PATCH_PROJECTION + ".weight"),
                weights.get(Parameters.PATCH_PROJECTION + ".bias"), new Shape(config.patch(), config.patch())).singletonOrThrow();
        NDArray patches = planes.reshape(batch, config.width(), config.patches()).transpose(0, 2, 1);
        NDArray token = weights.get(Parameters.CLASS_TOKEN).broadcast(new Shape(batch, 1, config.width()));
        token.attach(images.getManager());
        NDArray tokens = NDArrays.concat(new NDList(token, patches), 1);
        NDArray x = add(tokens, weights.get(Parameters.POSITIONS), free);
        free(free, images, planes, patches, token);
        return x;
    }

    private NDArray encode(int i, NDArray x, boolean free) {
        NDArray normed = norm(Parameters.block(i, Parameters.NORM_1), x);
        NDArray attended = attention(i, normed, free);
        NDArray branch = linear(Parameters.block(i, Parameters.ATTENTION_OUTPUT), attended);
        NDArray y = add(branch, x, free);
        free(free, x, normed, attended);
        NDArray normed2 = norm(Parameters.block(i, Parameters.NORM_2), y);
        NDArray hidden = linear(Parameters.block(i, Parameters.FC1), normed2);
        NDArray gelu = Activation.gelu(hidden);
        NDArray branch2 = linear(Parameters.block(i, Parameters.FC2), gelu);
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
        NDArray scaled = q.mul((float) (1 / Math.sqrt(config.headDim())));
        NDArray scores = scaled.matMul(k.transpose(0, 1, 3, 2));
        NDArray probabilities = scores.softmax(-1);
        NDArray context = probabilities.matMul(v);
        NDArray joined = context.transpose(0, 2, 1, 3).reshape(batch, tokens, config.inner());
        free(free, qkv, sorted, q, k, v, scaled, scores, probabilities, context);
        return joined;
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
        NDArray bias = weights.get(name + ".bias");
        return (bias == null ? Linear.linear(x, weights.get(name + ".weight")) : Linear.linear(x, weights.get(name + ".weight"), bias))
                .singletonOrThrow();
    }
}
