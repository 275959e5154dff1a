package vit.model.parameters;

import java.io.IOException;
import java.util.List;
import vit.kernels.gemm.Storage;
import vit.model.InputException;
import vit.model.config.VitConfig;
import vit.model.image.Preprocessing;

/**
 * Gives the values of a model's parameters: a weight file, a formula, an initialisation, another model. {@link vit.model.VitModel#of} and
 * {@link vit.model.VitTraining#of} read it on one thread, one parameter after the other, and copy the values. They do not keep the source.
 */
public interface ParameterSource {

    /** The configuration that the parameters belong to. */
    VitConfig config();

    /** The name of every class of the head, or an empty list. */
    default List<String> labels() {
        return List.of();
    }

    /**
     * How images become the model's input: the preprocessing that the parameters were trained with, or, if the source does not know it, the usual one of
     * their family.
     *
     * @throws InputException if a file that says so cannot be used
     * @throws IOException    if it cannot be read
     */
    default Preprocessing preprocessing() throws IOException {
        return Preprocessing.forFamily(config().family());
    }

    /** The smallest type that holds every value of {@code parameter} exactly, as far as the source knows without reading the values. */
    default Storage storage(Parameter parameter) {
        return Storage.FLOAT32;
    }

    /**
     * Writes the values of {@code parameter}, in row-major order of its shape, into {@code target[0 … size)}. The array may
     * be longer.
     *
     * @throws IOException if the values cannot be read; {@link InputException} if they are malformed
     */
    void read(Parameter parameter, float[] target) throws IOException;
}
