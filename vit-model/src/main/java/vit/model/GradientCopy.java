package vit.model;

import java.lang.foreign.MemorySegment;
import java.util.List;
import vit.kernels.tensor.TensorArena;
import vit.model.config.VitConfig;
import vit.model.parameters.Parameter;
import vit.model.parameters.ParameterTensors;

/** The gradients of a training as they were, in memory of its own. */
final class GradientCopy implements AutoCloseable {

    private final List<Parameter> trained;
    private final ParameterTensors gradients;
    private final TensorArena arena = TensorArena.open();
    private final ParameterTensors copy;

    GradientCopy(VitConfig config, List<Parameter> trained, ParameterTensors gradients) {
        this.trained = trained;
        this.gradients = gradients;
        ParameterTensors planned = null;
        try {
            planned = new ParameterTensors(config, trained, arena);
        } finally {
            if (planned == null) {
                arena.close();
            }
        }
        this.copy = planned;
        copy(gradients, copy);
    }

    /** Gives the gradients the bits that they had. */
    void restore() {
        copy(copy, gradients);
    }

    private void copy(ParameterTensors from, ParameterTensors to) {
        for (Parameter parameter : trained) {
            MemorySegment source = from.elements(parameter).segment();
            MemorySegment.copy(source, 0, to.elements(parameter).segment(), 0, source.byteSize());
        }
    }

    @Override
    public void close() {
        arena.close();
    }
}
