package vit.model.parameters;

import java.io.IOException;
import java.util.List;
import java.util.Optional;

/** Finds weights that are NaN or infinite. Stateless. */
public final class NonFiniteWeights {

    private NonFiniteWeights() {}

    /**
     * The first of these parameters that holds a NaN or an infinity, in words: {@code blocks.3.mlp.fc1.weight holds NaN}.
     *
     * @param layers the names of parameters, or of layers, which stand for all their parameters: {@code head}, {@code blocks.3}
     */
    public static Optional<String> of(ParameterSource source, String... layers) throws IOException {
        List<Parameter> parameters = Parameters.of(source.config()).list();
        return first(source, parameters.stream().filter(parameter -> belongs(parameter.name(), layers)).toList());
    }

    private static boolean belongs(String name, String... layers) {
        for (String layer : layers) {
            if (name.equals(layer) || name.startsWith(layer + ".")) {
                return true;
            }
        }
        return false;
    }

    /** The first of {@code parameters} that holds a NaN or an infinity, in words. */
    public static Optional<String> first(ParameterSource source, List<Parameter> parameters) throws IOException {
        for (Parameter parameter : parameters) {
            int size = Math.toIntExact(parameter.shape().size());
            float[] values = new float[size];
            source.read(parameter, values);
            int place = find(values, 0, size);
            if (place >= 0) {
                return Optional.of(parameter.name() + " holds " + values[place]);
            }
        }
        return Optional.empty();
    }

    /** The index of the first NaN or infinity among the {@code count} values from index {@code from} on; −1 if all are finite. */
    public static int find(float[] values, int from, int count) {
        for (int i = from; i < from + count; i++) {
            if (!Float.isFinite(values[i])) {
                return i;
            }
        }
        return -1;
    }
}
