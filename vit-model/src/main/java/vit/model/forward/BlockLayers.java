package vit.model.forward;

import vit.kernels.gemm.Epilogue;
import vit.kernels.linear.Linear;
import vit.kernels.tensor.Tensor;
import vit.model.config.MlpConfig;
import vit.model.config.VitConfig;
import vit.model.parameters.Parameters;

/**
 * The layers of one encoder block. Each linear layer finishes its own step in its epilogue: {@code fc1} applies the GELU, {@code output} and
 * {@code fc2} scale by the optional layer scale and add to the residual stream.
 */
final class BlockLayers {

    private BlockLayers() {}

    /** The attention of block {@code i}, which adds to {@code x}. {@code merged} is null unless the pass merges tokens. */
    static AttentionLayer attention(VitConfig config, VitWeights weights, int i, Tensor x, BlockMemory memory, PositionTables tables, MergedTokens merged) {
        Linear output = output(weights, i, x);
        if (merged != null) {
            return new MergingAttention(qkv(weights, i), output, merged.count(i), merged.logSizes(i), merged.step(i), x, memory);
        }
        if (config.block().attention().isPlain()) {
            return new PlainAttention(qkv(weights, i), output, x, memory);
        }
        Norm inner = config.block().attention().innerNorm() ? Norm.of(config, weights, Parameters.block(i, Parameters.ATTENTION_NORM)) : null;
        Tensor gathered = PositionTables.gathersBias(config, i) ? relativePositions(config, weights, i) : null;
        return new PositionedAttention(qkv(weights, i), QueryKeyStep.of(config, weights, i, tables), gathered, tables, inner, output, x, memory);
    }

    /** The table of the relative positions that block {@code i} adds, or null. Blocks that share their positions have the same one. */
    static Tensor relativePositions(VitConfig config, VitWeights weights, int i) {
        return switch (config.block().attention().relative()) {
            case NONE -> null;
            case BY_BLOCK -> vector(weights, i, Parameters.RELATIVE_POSITIONS);
            case SHARED -> weights.vector(Parameters.SHARED_RELATIVE_POSITIONS);
        };
    }

    /** The MLP of block {@code i}, which adds to {@code x}. */
    static MlpLayer mlp(VitConfig config, VitWeights weights, int i, Tensor x, BlockMemory memory) {
        MlpConfig mlp = config.block().mlp();
        Linear fc2 = fc2(weights, i, x);
        Norm norm = mlp.innerNorm() ? Norm.of(config, weights, Parameters.block(i, Parameters.MLP_NORM)) : null;
        return switch (mlp.kind()) {
            case GELU -> norm == null ? new GeluMlp(fc1(config, weights, i), fc2, x, memory) : new NormedMlp(fc1(config, weights, i), norm, fc2, x, memory);
            case SWIGLU -> new SwiGluMlp(linear(weights, i, Parameters.FC1, Epilogue.bias(bias(weights, i, Parameters.FC1))), norm, fc2, x, memory);
        };
    }

    static Linear qkv(VitWeights weights, int i) {
        return linear(weights, i, Parameters.QKV, Epilogue.bias(bias(weights, i, Parameters.QKV)));
    }

    static Linear output(VitWeights weights, int i, Tensor residual) {
        return linear(weights, i, Parameters.ATTENTION_OUTPUT, Epilogue.biasResidual(
                bias(weights, i, Parameters.ATTENTION_OUTPUT), vector(weights, i, Parameters.LAYER_SCALE_1), residual));
    }

    static Linear fc1(VitConfig config, VitWeights weights, int i) {
        return linear(weights, i, Parameters.FC1, Epilogue.biasGelu(bias(weights, i, Parameters.FC1), config.gelu()));
    }

    static Linear fc2(VitWeights weights, int i, Tensor residual) {
        return linear(weights, i, Parameters.FC2, Epilogue.biasResidual(
                bias(weights, i, Parameters.FC2), vector(weights, i, Parameters.LAYER_SCALE_2), residual));
    }

    private static Linear linear(VitWeights weights, int i, String part, Epilogue epilogue) {
        return Linear.of(weights.matrix(Parameters.block(i, part)), epilogue);
    }

    private static Tensor bias(VitWeights weights, int i, String part) {
        return vector(weights, i, part + ".bias");
    }

    private static Tensor vector(VitWeights weights, int i, String part) {
        return weights.vector(Parameters.block(i, part));
    }
}
