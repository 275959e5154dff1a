package vit.model.backward;

import vit.kernels.gemm.PackedMatrix;
import vit.kernels.parallel.Worker;
import vit.kernels.tensor.Tensor;
import vit.kernels.tensor.TensorArena;
import vit.model.config.VitConfig;
import vit.model.parameters.Parameter;
import vit.model.parameters.ParameterTensors;
import vit.model.parameters.Parameters;

/** The gradient of every parameter, in the layout of the parameters. Passes add to it until it is {@link #clear}ed. */
public final class VitGradients {

    private final ParameterTensors tensors;
    private final Parameters parameters;

    VitGradients(VitConfig config, Parameters parameters, TensorArena arena) {
        this.tensors = new ParameterTensors(config, parameters, arena);
        this.parameters = parameters;
    }

    /** The gradient of the packed weight of the linear layer {@code name}. */
    PackedMatrix matrix(String name) {
        return tensors.matrix(name);
    }

    /** The gradient of the tensor of this full name, or null if the model has none. */
    Tensor vector(String name) {
        return tensors.vector(name);
    }

    /** The gradient of the prefix tokens (R, C), or null. */
    Tensor prefix() {
        return tensors.prefix();
    }

    /** All of them, for an optimiser. */
    public ParameterTensors tensors() {
        return tensors;
    }

    /** Sets this worker's share of all gradients to zero. */
    public void clear(Worker w) {
        for (Parameter parameter : parameters.list()) {
            clear(tensors.elements(parameter), w);
        }
    }

    /** Sets this worker's share of {@code elements} to zero. */
    static void clear(Tensor elements, Worker w) {
        long bytes = elements.shape().size() * Float.BYTES;
        int lines = Math.toIntExact((bytes + TensorArena.ALIGNMENT - 1) / TensorArena.ALIGNMENT);
        long from = (long) w.from(lines) * TensorArena.ALIGNMENT;
        long to = Math.min(bytes, (long) w.to(lines) * TensorArena.ALIGNMENT);
        for (long at = from; at < to; at += Float.BYTES) {
            elements.segment().set(Tensor.FLOAT, at, 0);
        }
    }
}
