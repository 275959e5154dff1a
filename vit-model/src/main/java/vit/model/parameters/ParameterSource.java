package vit.model.parameters;

import java.io.IOException;
import java.util.List;
import vit.model.InputException;
import vit.model.config.VitConfig;
import vit.model.image.Preprocessing;

/**
 * Where a model's parameters come from: a weight file, a formula, an initialisation. Read by one thread, parameter after
 * parameter, while the model is made; nothing of it is kept.
 */
public interface ParameterSource {

    /** The configuration that the parameters belong to. */
    VitConfig config();

    /** The name of every class of the head, or an empty list. */
    default List<String> labels() {
        return List.of();
    }

    /**
     * How images become the model's input: what the parameters were trained with, or, where the source does not know, what their family
     * is usually run with.
     *
     * @throws InputException if a file that says so cannot be used
     * @throws IOException    if it cannot be read
     */
    default Preprocessing preprocessing() throws IOException {
        return Preprocessing.forFamily(config().family());
    }

    /**
     * Writes the values of {@code parameter}, in row-major order of its shape, into {@code target[0 … size)}; the array may
     * be longer.
     *
     * @throws IOException if they cannot be read; {@link InputException} if they are malformed
     */
    void read(Parameter parameter, float[] target) throws IOException;
}
