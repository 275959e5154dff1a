package vit.model;

import java.io.IOException;

/**
 * Where a model's parameters come from: a weight file, a formula, an initialisation. Read by one thread, parameter after
 * parameter, while the model is made; nothing of it is kept.
 */
public interface ParameterSource {

    /** The configuration that the parameters belong to. */
    VitConfig config();

    /**
     * Writes the values of {@code parameter}, in row-major order of its shape, into {@code target[0 … size)}; the array may
     * be longer.
     *
     * @throws IOException if they cannot be read; {@link InputException} if they are malformed
     */
    void read(Parameter parameter, float[] target) throws IOException;
}
