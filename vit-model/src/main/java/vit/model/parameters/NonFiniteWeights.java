package vit.model.parameters;

import java.io.IOException;
import java.util.List;
import java.util.Optional;
import vit.model.config.VitConfig;

/**
 * Finds weights that are NaN or infinite. Stateless.
 *
 * <p>The tokens that such a weight meets become NaN or infinite, and stay so to the logits. There are three exceptions. GELU and the ReLU of a
 * backbone turn −∞ into 0, and the tanh of the pre-logits layer turns an infinity into 1. {@link #mayHide} names the parameters before these functions. No check of a result finds an infinity
 * there, so a model warns of it when it is made; the look is part of the packing and costs no time that could be measured. All other parameters are left to
 * the check of the result.
 */
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

    /** Whether the result may be finite although this parameter is not. */
    public static boolean mayHide(VitConfig config, Parameter parameter) {
        String name = parameter.name();
        boolean beforeGelu = name.startsWith("blocks.") && (name.contains("." + Parameters.FC1 + ".") || name.contains("." + Parameters.NORM_2 + "."));
        boolean beforeTanh = name.startsWith(Parameters.PRE_LOGITS + ".") || name.startsWith(Parameters.finalNorm(config) + ".");
        boolean beforeRelu = name.startsWith(Parameters.BACKBONE) && parameter.kind() != Parameter.Kind.CONVOLUTION_WEIGHT; // a filter becomes NaN as a whole
        return beforeGelu || beforeRelu || config.preLogits() && beforeTanh;
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
