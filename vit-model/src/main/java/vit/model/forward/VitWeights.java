package vit.model.forward;

import java.io.IOException;
import vit.kernels.gemm.PackedMatrix;
import vit.kernels.parallel.Workers;
import vit.kernels.tensor.Tensor;
import vit.kernels.tensor.TensorArena;
import vit.model.StoredAs;
import vit.model.config.VitConfig;
import vit.model.config.VitConfig.Positions;
import vit.model.parameters.ParameterSource;
import vit.model.parameters.ParameterTensors;
import vit.model.parameters.Parameters;
import vit.model.positions.AxisPositions;
import vit.model.positions.SinCosPositions;

/**
 * The parameters in the form in which the passes read them, each once. Inference only reads; training updates the elements
 * in place.
 */
public final class VitWeights {

    private final ParameterTensors tensors;
    private final Tensor positions; // (Q + P, C), or null
    private final StandardizedWeights standardized;
    private final boolean narrow;

    /** Copies all parameters from {@code source} into {@code arena}, in 32 bits. */
    public VitWeights(VitConfig config, Parameters parameters, ParameterSource source, TensorArena arena) throws IOException {
        this(config, parameters, source, StoredAs.FLOAT32, arena);
    }

    /** Copies all parameters from {@code source} into {@code arena}. What is not kept in 32 bits can only be read. */
    public VitWeights(VitConfig config, Parameters parameters, ParameterSource source, StoredAs storedAs, TensorArena arena) throws IOException {
        tensors = new ParameterTensors(config, parameters, source, storedAs, arena);
        narrow = tensors.isNarrow();
        standardized = new StandardizedWeights(parameters, tensors, arena);
        if (!standardized.isEmpty()) {
            try (Workers alone = Workers.of(1)) {
                alone.run(standardized::update);
            }
        }
        if (config.positions().isFixed()) {
            positions = arena.allocate(config.positionedPrefix() + config.patches(), config.width()).copyFrom(SinCosPositions.of(config));
        } else if (config.positions() == Positions.LEARNED_AXES) {
            positions = arena.allocate(config.patches(), config.width()).copyFrom(AxisPositions.table(
                    tensors.vector(Parameters.POSITIONS_X).toArray(), tensors.vector(Parameters.POSITIONS_Y).toArray(), config.width()));
        } else {
            positions = tensors.vector(Parameters.POSITIONS);
        }
    }

    /** The packed weight of the linear layer {@code name}. */
    public PackedMatrix matrix(String name) {
        return tensors.matrix(name);
    }

    /** Whether a matrix has elements of fewer than 32 bits, for which a product's workspace is planned. */
    public boolean isNarrow() {
        return narrow;
    }

    /** The weights of convolutions as they are used. */
    public StandardizedWeights standardized() {
        return standardized;
    }

    /** The tensor of this full name, or null if the model has none. */
    public Tensor vector(String name) {
        return tensors.vector(name);
    }

    /** Prefix tokens (R, C): class, distillation, registers; null if there are none. */
    public Tensor prefix() {
        return tensors.prefix();
    }

    /**
     * Position embeddings (Q + P, C) of the first Q prefix tokens and of the patches; null if there are none. Positions by axis are joined here; whoever changes
     * their two tables joins them again.
     */
    public Tensor positions() {
        return positions;
    }

    /** All of them, for an optimiser or a writer. */
    public ParameterTensors tensors() {
        return tensors;
    }
}
