package vit.model.train;

import java.io.IOException;
import java.util.Arrays;
import vit.model.config.VitConfig;
import vit.model.parameters.Parameter;
import vit.model.parameters.ParameterSource;

/**
 * Sound weights but for one parameter.
 *
 * @param name  of that parameter
 * @param value of all its elements or, if it is not finite, of the first
 */
record BrokenParameter(ParameterSource sound, String name, float value) implements ParameterSource {

    @Override
    public VitConfig config() {
        return sound.config();
    }

    @Override
    public void read(Parameter parameter, float[] target) throws IOException {
        sound.read(parameter, target);
        if (parameter.name().equals(name)) {
            Arrays.fill(target, 0, Float.isFinite(value) ? Math.toIntExact(parameter.shape().size()) : 1, value);
        }
    }
}
