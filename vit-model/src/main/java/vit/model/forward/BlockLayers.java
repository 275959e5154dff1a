package vit.model.forward;

import vit.kernels.gemm.Epilogue;
import vit.kernels.linear.Linear;
import vit.kernels.tensor.Tensor;
import vit.model.config.VitConfig;
import vit.model.parameters.Parameters;

/**
 * The layers of one encoder block. Each linear layer finishes its own step in its epilogue: {@code fc1} applies the GELU, {@code output} and
 * {@code fc2} scale by the optional layer scale and add to the residual stream.
 */
record BlockLayers(Norm norm1, Linear qkv, Linear output, Norm norm2, Linear fc1, Linear fc2) {

    /**
     * The layers of block {@code i}.
     *
     * @param residual the residual stream that {@code output} and {@code fc2} add to
     */
    static BlockLayers of(VitConfig config, VitWeights weights, int i, Tensor residual) {
        return new BlockLayers(
                Norm.of(config, weights, Parameters.block(i, Parameters.NORM_1)),
                linear(weights, i, Parameters.QKV, Epilogue.bias(bias(weights, i, Parameters.QKV))),
                linear(weights, i, Parameters.ATTENTION_OUTPUT, Epilogue.biasResidual(
                        bias(weights, i, Parameters.ATTENTION_OUTPUT), vector(weights, i, Parameters.LAYER_SCALE_1), residual)),
                Norm.of(config, weights, Parameters.block(i, Parameters.NORM_2)),
                linear(weights, i, Parameters.FC1, Epilogue.biasGelu(bias(weights, i, Parameters.FC1), config.gelu())),
                linear(weights, i, Parameters.FC2, Epilogue.biasResidual(
                        bias(weights, i, Parameters.FC2), vector(weights, i, Parameters.LAYER_SCALE_2), residual)));
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
