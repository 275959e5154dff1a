package vit.model.train;

import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Locale;
import java.util.Objects;
import java.util.stream.Stream;
import vit.model.InputException;
import vit.model.config.VitConfig;
import vit.model.parameters.Parameter;
import vit.model.parameters.ParameterSource;
import vit.model.parameters.Parameters;
import vit.model.train.augment.CounterRandom;
import vit.model.train.augment.CounterRandom.Purpose;

/**
 * Initial weights for training, drawn as in one of the published sources. Each tensor's numbers depend only on the seed and on its name. In every
 * scheme, LayerNorms start as 1 and 0 and layer scales as 1e-5. Immutable.
 *
 * @param config the model
 * @param scheme the source whose rules are followed
 * @param seed   different seeds give different weights
 */
public record Initialization(VitConfig config, Scheme scheme, long seed) implements ParameterSource {

    /** Layer scale at the start, timm's {@code init_values}. */
    private static final float LAYER_SCALE = 1e-5f;

    /** The standard deviation of N(0, 1) truncated at ±2. */
    private static final double CUT_DEVIATION = 0.87962566103423978;

    /** The source whose initialisation is followed. */
    public enum Scheme {
        /** timm's default: matrices and positions N(0, 0.02), tokens N(0, 1e-6), the patch projection PyTorch's default, other biases 0. */
        TIMM,
        /** timm's {@code jax}: Xavier, LeCun for patches, MLP biases N(0, 1e-6), the head 0. */
        TIMM_JAX,
        /** timm's {@code moco}: Xavier, with query, key and value each treated as a matrix of its own; Xavier for the head, too. */
        MOCO,
        /** google-research/vision_transformer: Xavier, LeCun for patches, positions N(0, 0.02), token and head 0. */
        JAX,
        /** big_vision: as JAX, positions N(0, 1/√C). */
        BIG_VISION,
        /** Hugging Face: everything N(0, 0.02), biases 0. */
        HUGGING_FACE,
        /** torchvision: LeCun for patches, positions N(0, 0.02), Xavier, the attention output PyTorch's default, token and head 0. */
        TORCHVISION,
        /** vit-pytorch: positions and tokens N(0, 1), everything else PyTorch's default. */
        VIT_PYTORCH;

        /** The name on the command line. */
        public String id() {
            return name().toLowerCase(Locale.ROOT).replace('_', '-');
        }

        /** All names. */
        public static List<String> names() {
            return Stream.of(values()).map(Scheme::id).toList();
        }

        /**
         * The scheme of this name.
         *
         * @throws InputException if there is none; the message lists {@link #names()}
         */
        public static Scheme named(String name) throws InputException {
            for (Scheme scheme : values()) {
                if (scheme.id().equals(name)) {
                    return scheme;
                }
            }
            throw InputException.in("initialisation").found(name).expected("one of " + String.join(", ", names())).because("there is no such preset");
        }
    }

    public Initialization {
        Objects.requireNonNull(config, "config");
        Objects.requireNonNull(scheme, "scheme");
    }

    /** timm's default. */
    public static Initialization of(VitConfig config, long seed) {
        return new Initialization(config, Scheme.TIMM, seed);
    }

    @Override
    public void read(Parameter parameter, float[] target) {
        int size = Math.toIntExact(parameter.shape().size());
        Filler fill = new Filler(parameter.name(), target, size);
        switch (parameter.kind()) {
            case NORM_WEIGHT -> fill.constant(1);
            case NORM_BIAS -> fill.constant(0);
            case LAYER_SCALE -> fill.constant(LAYER_SCALE);
            case POSITION -> positions(fill);
            case TOKEN -> token(parameter, fill);
            case QUERY -> fill.truncated(1 / Math.sqrt(config.width()), 2); // timm's AttentionPoolLatent
            case RELATIVE_POSITION -> fill.truncated(0.02, 2);
            case PATCH_WEIGHT -> patchWeight(parameter, fill);
            case CONVOLUTION_WEIGHT -> fill.normal(Math.sqrt(2.0 / (parameter.in() / parameter.shape().dimension(-1) * (double) parameter.out()))); // He et al. 2015, by fan-out
            case LINEAR_WEIGHT -> linearWeight(parameter, fill);
            case BIAS -> bias(parameter, fill);
        }
    }

    private void positions(Filler fill) {
        switch (scheme) {
            case TIMM, TIMM_JAX, MOCO, HUGGING_FACE -> fill.truncated(0.02, 2);
            case JAX, TORCHVISION -> fill.normal(0.02);
            case BIG_VISION -> fill.normal(1 / Math.sqrt(config.width()));
            case VIT_PYTORCH -> fill.normal(1);
        }
    }

    private void token(Parameter parameter, Filler fill) {
        switch (scheme) {
            case TIMM, TIMM_JAX, MOCO -> {
                if (parameter.name().equals(Parameters.DISTILLATION_TOKEN)) {
                    fill.truncated(0.02, 2);
                } else {
                    fill.normal(1e-6);
                }
            }
            case JAX, BIG_VISION, TORCHVISION -> fill.constant(0);
            case HUGGING_FACE -> fill.truncated(0.02, 2);
            case VIT_PYTORCH -> fill.normal(1);
        }
    }

    private void patchWeight(Parameter parameter, Filler fill) {
        double lecun = 1 / Math.sqrt(parameter.in());
        switch (scheme) {
            case TIMM, MOCO, VIT_PYTORCH -> fill.uniform(lecun);
            case TIMM_JAX, JAX, BIG_VISION -> fill.truncated(lecun / CUT_DEVIATION, 2 * lecun / CUT_DEVIATION);
            case HUGGING_FACE -> fill.truncated(0.02, 2);
            case TORCHVISION -> fill.truncated(lecun, 2);
        }
    }

    private void linearWeight(Parameter parameter, Filler fill) {
        boolean head = isHead(parameter.name());
        boolean qkv = parameter.name().endsWith(Parameters.QKV + ".weight");
        double joint = xavier(parameter.in(), parameter.out());
        double apart = qkv ? xavier(parameter.in(), parameter.out() / 3) : joint;
        switch (scheme) {
            case TIMM, HUGGING_FACE -> fill.truncated(0.02, 2);
            case TIMM_JAX -> fill.uniform(head ? 0 : joint);
            case MOCO -> fill.uniform(apart);
            case JAX, BIG_VISION -> fill.uniform(head ? 0 : apart);
            case TORCHVISION -> fill.uniform(head ? 0 : parameter.name().endsWith(Parameters.ATTENTION_OUTPUT + ".weight")
                    ? 1 / Math.sqrt(parameter.in()) : joint);
            case VIT_PYTORCH -> fill.uniform(1 / Math.sqrt(parameter.in()));
        }
    }

    private void bias(Parameter parameter, Filler fill) {
        boolean patch = parameter.name().equals(Parameters.PATCH_PROJECTION + ".bias");
        boolean mlp = parameter.name().contains(".mlp.");
        switch (scheme) {
            case TIMM, MOCO -> fill.uniform(patch ? 1 / Math.sqrt(config.patchElements()) : 0);
            case TIMM_JAX, JAX, BIG_VISION, TORCHVISION -> fill.normal(mlp ? 1e-6 : 0);
            case HUGGING_FACE -> fill.constant(0);
            case VIT_PYTORCH -> fill.uniform(1 / Math.sqrt(fanIn(parameter)));
        }
    }

    /** The columns of the matrix to which a bias belongs. */
    private double fanIn(Parameter bias) {
        String name = bias.name();
        for (String part : new String[] {Parameters.QUERY_BIAS, Parameters.VALUE_BIAS}) { // beside the joint matrix of queries, keys and values
            name = name.endsWith(part) ? name.substring(0, name.length() - part.length()) + Parameters.QKV + ".bias" : name;
        }
        return Parameters.of(config).find(name.substring(0, name.length() - ".bias".length()) + ".weight").in();
    }

    private static boolean isHead(String name) {
        return name.startsWith(Parameters.HEAD + ".") || name.startsWith(Parameters.DISTILLATION_HEAD + ".");
    }

    /** The bound of Xavier's uniform distribution (Glorot and Bengio 2010). */
    private static double xavier(int in, int out) {
        return Math.sqrt(6.0 / (in + (double) out));
    }

    /** Fills one tensor. */
    private final class Filler {
        private final float[] target;
        private final int size;
        private final CounterRandom random;

        Filler(String tensor, float[] target, int size) {
            this.target = target;
            this.size = size;
            this.random = new CounterRandom(seed, Purpose.INITIALIZE, hash(tensor), hash("again " + tensor));
        }

        void constant(float value) {
            java.util.Arrays.fill(target, 0, size, value);
        }

        void uniform(double bound) {
            for (int i = 0; i < size; i++) {
                target[i] = (float) random.uniform(-bound, bound);
            }
        }

        void normal(double deviation) {
            if (deviation == 0) {
                constant(0);
                return;
            }
            for (int i = 0; i < size; i++) {
                target[i] = (float) (deviation * random.normal());
            }
        }

        /** N(0, deviation²), truncated at ±bound by drawing again. */
        void truncated(double deviation, double bound) {
            for (int i = 0; i < size; i++) {
                double value;
                do {
                    value = deviation * random.normal();
                } while (Math.abs(value) > bound);
                target[i] = (float) value;
            }
        }
    }

    /** 32-bit FNV-1a. */
    private static int hash(String name) {
        int hash = 0x811C9DC5;
        for (byte b : name.getBytes(StandardCharsets.UTF_8)) {
            hash = (hash ^ b & 0xFF) * 0x01000193;
        }
        return hash;
    }
}
