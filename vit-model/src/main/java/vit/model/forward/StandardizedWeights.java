package vit.model.forward;

import java.util.LinkedHashMap;
import java.util.Map;
import vit.kernels.gemm.PackedMatrix;
import vit.kernels.parallel.Worker;
import vit.kernels.standardization.WeightStandardization;
import vit.kernels.tensor.Tensor;
import vit.kernels.tensor.TensorArena;
import vit.model.config.BackboneConfig;
import vit.model.parameters.Parameter;
import vit.model.parameters.ParameterTensors;
import vit.model.parameters.Parameters;

/** The weights of a backbone's convolutions as they are used: each filter with mean 0 and variance 1 (Qiao et al. 2019). */
public final class StandardizedWeights {

    private final Map<String, Filters> byName = new LinkedHashMap<>();

    /**
     * The filters of one convolution.
     *
     * @param weight       (out, height · width · in), the parameter
     * @param standardized (out, height · width · in), what the convolution multiplies by
     * @param mean         (out), of each filter's weights
     * @param rstd         (out), 1/√(variance + eps) of each filter's weights
     */
    public record Filters(PackedMatrix weight, PackedMatrix standardized, Tensor mean, Tensor rstd) {}

    /** Plans memory for every convolution; {@link #update} writes it. */
    StandardizedWeights(Parameters parameters, ParameterTensors tensors, TensorArena arena) {
        for (Parameter parameter : parameters.list()) {
            if (parameter.kind() == Parameter.Kind.CONVOLUTION_WEIGHT) {
                String name = parameter.name().substring(0, parameter.name().length() - ".weight".length());
                byName.put(name, new Filters(tensors.matrix(name), PackedMatrix.allocate(arena, parameter.out(), parameter.in()),
                        arena.allocate(parameter.out()), arena.allocate(parameter.out())));
            }
        }
    }

    /** The filters of the convolution of this name. */
    public Filters filters(String name) {
        return byName.get(name);
    }

    /** Whether there are none. */
    public boolean isEmpty() {
        return byName.isEmpty();
    }

    /** Standardises the weights as they are now: this worker's share. */
    public void update(Worker w) {
        for (Filters f : byName.values()) {
            WeightStandardization.forward(f.standardized, f.mean, f.rstd, f.weight, BackboneConfig.STANDARDIZATION_EPS, w);
        }
    }
}
