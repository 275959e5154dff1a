package vit.model.parameters;

import java.nio.charset.StandardCharsets;
import java.util.Objects;
import vit.model.config.VitConfig;

/**
 * Parameters computed by a formula that gives the same values everywhere, for benchmarks and for comparing two programs without a weight file. Their
 * scale keeps activations in the range of a trained model, so the kernels are given numbers as in real use.
 *
 * <p>Element i of tensor {@code name} is unit(name, i) · scale + shift: unit in [−1, 1) from SplitMix64 (Steele et al. 2014) seeded
 * by the name's FNV-1a hash; scale √3/√fan-in for matrices, so that their rows preserve variance; 1 ± 0.25 for LayerNorm weights, 0.5
 * for positions and tokens, 0.1 for biases. Immutable.
 *
 * @param config the model that they belong to
 * @param seed   different seeds give different values
 */
public record GeneratedWeights(VitConfig config, long seed) implements ParameterSource {

    private static final long FNV_OFFSET = 0xcbf29ce484222325L;
    private static final long FNV_PRIME = 0x100000001b3L;
    private static final long GOLDEN_GAMMA = 0x9E3779B97F4A7C15L;

    public GeneratedWeights {
        Objects.requireNonNull(config, "config");
    }

    @Override
    public void read(Parameter parameter, float[] target) {
        double scale = switch (parameter.kind()) {
            case LINEAR_WEIGHT, PATCH_WEIGHT, CONVOLUTION_WEIGHT -> Math.sqrt(3) / Math.sqrt(parameter.in());
            case POSITION, TOKEN, QUERY -> 0.5;
            case NORM_WEIGHT -> 0.25;
            case BIAS, NORM_BIAS, LAYER_SCALE, RELATIVE_POSITION -> 0.1;
        };
        double shift = parameter.kind() == Parameter.Kind.NORM_WEIGHT ? 1 : 0;
        fill(target, Math.toIntExact(parameter.shape().size()), parameter.name(), scale, shift);
    }

    /**
     * Writes elements 0 … count − 1 of the tensor {@code name}, rounded to float: unit · scale + shift.
     */
    public void fill(float[] target, int count, String name, double scale, double shift) {
        long state = hash(name) + seed;
        for (int i = 0; i < count; i++) {
            state += GOLDEN_GAMMA;
            target[i] = (float) (unit(state) * scale + shift);
        }
    }

    private static long hash(String name) {
        long hash = FNV_OFFSET;
        for (byte b : name.getBytes(StandardCharsets.UTF_8)) {
            hash = (hash ^ (b & 0xFF)) * FNV_PRIME;
        }
        return hash;
    }

    /** SplitMix64's output function, its upper 24 bits as a number in [−1, 1). */
    private static double unit(long state) {
        long z = (state ^ state >>> 30) * 0xBF58476D1CE4E5B9L;
        z = (z ^ z >>> 27) * 0x94D049BB133111EBL;
        z ^= z >>> 31;
        return (z >>> 40) * 0x1p-23 - 1;
    }
}
