package vit.model.backward;

import java.util.List;
import vit.kernels.gemm.PackedMatrix;
import vit.kernels.parallel.Worker;
import vit.kernels.tensor.Tensor;
import vit.kernels.tensor.TensorArena;
import vit.model.config.VitConfig;
import vit.model.parameters.Parameter;
import vit.model.parameters.ParameterTensors;

/** The gradient of every parameter that is trained, in the layout of the parameters. Passes add to it until it is {@link #clear}ed. */
public final class VitGradients {

    private final ParameterTensors tensors;
    private final List<Parameter> trained;

    VitGradients(VitConfig config, List<Parameter> trained, TensorArena arena) {
        this.tensors = new ParameterTensors(config, trained, arena);
        this.trained = trained;
    }

    /** The gradient of the packed weight of the linear layer {@code name}. */
    PackedMatrix matrix(String name) {
        return tensors.matrix(name);
    }

    /** The gradient of the tensor of this full name, or null if the model has none or it is frozen. */
    Tensor vector(String name) {
        return tensors.vector(name);
    }

    /** The gradient of the prefix tokens (R, C); null if there are none or they are frozen. */
    Tensor prefix() {
        return tensors.prefix();
    }

    /** All of them, for an optimiser. */
    public ParameterTensors tensors() {
        return tensors;
    }

    /** Sets this worker's share of all gradients to zero. */
    public void clear(Worker w) {
        for (Parameter parameter : trained) {
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
