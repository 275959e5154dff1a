package vit.model.backward;

import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import vit.kernels.gemm.PackedMatrix;
import vit.kernels.parallel.Worker;
import vit.kernels.tensor.Tensor;
import vit.kernels.tensor.TensorArena;
import vit.model.config.VitConfig;
import vit.model.parameters.Parameter;
import vit.model.parameters.ParameterTensors;

/**
 * The gradient of every parameter that is trained, in the layout of the parameters. Passes add to it until it is {@link #clear}ed.
 *
 * <p>The gradients of linear layers are most of the memory. They are not cleared but count as zero: the first pass after {@link #clear} overwrites them
 * ({@link #areFresh}). Who reads or writes them before such a pass calls {@link #clearLayers} first.
 */
public final class VitGradients {

    private final ParameterTensors tensors;
    private final List<Parameter> layers = new ArrayList<>(); // weights and biases of linear layers
    private final List<Parameter> others = new ArrayList<>();
    private boolean fresh = true; // whether the gradients of layers count as zero

    VitGradients(VitConfig config, List<Parameter> trained, TensorArena arena) {
        this.tensors = new ParameterTensors(config, trained, arena);
        Set<String> ofLayers = new HashSet<>();
        for (Parameter parameter : trained) {
            if (parameter.isMatrix() && parameter.kind() != Parameter.Kind.CONVOLUTION_WEIGHT) {
                String layer = parameter.name().substring(0, parameter.name().length() - "weight".length());
                ofLayers.add(parameter.name());
                ofLayers.add(layer + "bias");
            }
        }
        for (Parameter parameter : trained) {
            (ofLayers.contains(parameter.name()) ? layers : others).add(parameter);
        }
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

    /** Sets this worker's share of the gradients of everything but linear layers to zero. The caller then calls {@link #setFresh}. */
    public void clear(Worker w) {
        for (Parameter parameter : others) {
            clear(tensors.elements(parameter), w);
        }
    }

    /** Sets this worker's share of the gradients of linear layers to zero. */
    public void clearLayers(Worker w) {
        for (Parameter parameter : layers) {
            clear(tensors.elements(parameter), w);
        }
    }

    /** Whether the gradients of linear layers count as zero, whatever they hold. While a pass runs, all its workers see the same answer. */
    public boolean areFresh() {
        return fresh;
    }

    /** Sets what {@link #areFresh} says; called while no pass runs. */
    public void setFresh(boolean value) {
        fresh = value;
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
