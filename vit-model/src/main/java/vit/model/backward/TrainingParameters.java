package vit.model.backward;

import java.io.IOException;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import vit.kernels.gemm.Epilogue;
import vit.kernels.gemm.PackedMatrix;
import vit.kernels.linear.Linear;
import vit.kernels.parallel.Worker;
import vit.kernels.tensor.Tensor;
import vit.kernels.tensor.TensorArena;
import vit.model.Frozen;
import vit.model.config.VitConfig;
import vit.model.forward.StandardizedWeights;
import vit.model.forward.VitWeights;
import vit.model.parameters.Parameter;
import vit.model.parameters.ParameterSource;
import vit.model.parameters.Parameters;

/**
 * Weights, and the gradients of those that are trained. The packed weights are the master copy; after they have changed, {@link #standardize} must be run.
 */
public final class TrainingParameters {

    private final List<Parameter> trained;
    private final double eps;
    private final VitWeights weights;
    private final VitGradients gradients;
    private final Tensor transposed; // the transposed weight of the layer whose gradient is being computed
    private final Map<String, PackedMatrix> dstandardized = new LinkedHashMap<>(); // by convolution: the gradient of one pass

    public TrainingParameters(VitConfig config, Parameters parameters, ParameterSource source, Frozen frozen, TensorArena arena) throws IOException {
        frozen.require(config);
        this.trained = frozen.trained(parameters);
        this.eps = config.layerNormEps();
        this.weights = new VitWeights(config, parameters, source, arena);
        this.gradients = new VitGradients(config, trained, arena);
        int largest = 0;
        for (Parameter parameter : trained) {
            if (parameter.isMatrix()) {
                largest = Math.max(largest, PackedMatrix.floats(parameter.in(), parameter.out()));
            }
            if (parameter.kind() == Parameter.Kind.CONVOLUTION_WEIGHT) {
                dstandardized.put(layerName(parameter), PackedMatrix.allocate(arena, parameter.out(), parameter.in()));
            }
        }
        transposed = arena.allocate(largest);
    }

    /** The weights of a layer as they are multiplied by: a convolution's are standardised. */
    private PackedMatrix used(String layer) {
        StandardizedWeights.Filters filters = weights.standardized().filters(layer);
        return filters != null ? filters.standardized() : weights.matrix(layer);
    }

    private static String layerName(Parameter weight) {
        return weight.name().substring(0, weight.name().length() - ".weight".length());
    }

    /** The parameters that are not frozen, in the order of the forward pass. */
    public List<Parameter> trained() {
        return trained;
    }

    public VitWeights weights() {
        return weights;
    }

    public VitGradients gradients() {
        return gradients;
    }

    /** The linear layer of this name, with what its backward pass needs; nothing of that if it is frozen. */
    TrainingLayer layer(String name) {
        return layer(Linear.of(weights.matrix(name), Epilogue.bias(weights.vector(name + ".bias"))), gradient(name),
                gradients.vector(name + ".bias"), gradients);
    }

    private TrainingLayer layer(Linear forward, PackedMatrix dweight, Tensor dbias, VitGradients sums) {
        PackedMatrix memory = dweight == null ? null : PackedMatrix.in(transposed, forward.inputs(), forward.outputs());
        return new TrainingLayer(forward, memory, dweight, dbias, sums);
    }

    /** The gradient of a layer's weight, or null if it is frozen. */
    private PackedMatrix gradient(String name) {
        return trained.stream().anyMatch(parameter -> parameter.name().equals(name + ".weight")) ? gradients.matrix(name) : null;
    }

    /** The convolution of this name, with what its backward pass needs; nothing of that if it is frozen. */
    TrainingConvolution convolution(String name) {
        TrainingLayer layer = layer(Linear.of(used(name), Epilogue.NONE), dstandardized.get(name), null, null);
        return new TrainingConvolution(weights.standardized().filters(name), layer, gradient(name));
    }

    /** The norm of this name. */
    TrainingNorm norm(String name) {
        return new TrainingNorm(weights.vector(name + ".weight"), weights.vector(name + ".bias"),
                gradients.vector(name + ".weight"), gradients.vector(name + ".bias"), eps);
    }

    /** Standardises the weights of convolutions again: this worker's share. */
    public void standardize(Worker w) {
        if (!weights.standardized().isEmpty()) {
            weights.standardized().update(w);
        }
    }
}
