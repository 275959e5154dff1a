package vit.model.train;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.Arrays;
import java.util.HashMap;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import vit.model.InputException;
import vit.model.config.VitConfig;
import vit.model.parameters.Parameter;
import vit.model.parameters.Parameters;
import vit.model.train.Initialization.Scheme;

/** The mean, deviation and bounds of every tensor against the distribution that the source of the scheme documents. */
class InitializationTest {

    /** All dimensions differ, so that a mix-up of fan-in and fan-out shows. */
    private static final VitConfig CONFIG =
            VitConfig.builder().image(64, 48).patch(8).width(96).depth(1).heads(3).headDim(40).mlp(320).classes(50).registers(4).build();

    private static final double PATCH_IN = 8 * 8 * 3;
    private static final double CUT = 0.87962566103423978;

    /** A distribution: uniform on ±bound, or normal with this deviation and cut off at ±bound. */
    private record Law(double deviation, double bound, double kurtosis) {
        static Law uniform(double bound) {
            return new Law(bound / Math.sqrt(3), bound, 1.8);
        }

        static Law normal(double deviation) {
            return new Law(deviation, Double.POSITIVE_INFINITY, 3);
        }

        /**
         * LeCun's normal distribution. It is cut off at two deviations of the uncut distribution, and widened so that it has this deviation
         * after the cut.
         */
        static Law cut(double deviation) {
            return new Law(deviation, 2 * deviation / CUT, 2.37); // N(0, 1) cut at ±2 has the fourth moment 1.4162 and the variance 0.77374
        }

        static Law zero() {
            return new Law(0, 0, 0);
        }
    }

    private static double xavier(double in, double out) {
        return Math.sqrt(6 / (in + out));
    }

    /** The distribution of every tensor, as the sources document them. Every scheme names the same thirteen kinds of tensors. */
    private static Map<String, Law> laws(Scheme scheme) {
        Law small = Law.normal(0.02);
        Law tiny = Law.normal(1e-6);
        Map<String, Law> laws = new HashMap<>();
        switch (scheme) {
            case TIMM -> put(laws, small, tiny, Law.uniform(1 / Math.sqrt(PATCH_IN)), Law.uniform(1 / Math.sqrt(PATCH_IN)), small, Law.zero(), small,
                    Law.zero(), small, Law.zero(), small, Law.zero());
            case TIMM_JAX -> put(laws, small, tiny, Law.cut(1 / Math.sqrt(PATCH_IN)), Law.zero(), Law.uniform(xavier(96, 360)), Law.zero(),
                    Law.uniform(xavier(120, 96)), Law.zero(), Law.uniform(xavier(96, 320)), tiny, Law.zero(), Law.zero());
            case MOCO -> put(laws, small, tiny, Law.uniform(1 / Math.sqrt(PATCH_IN)), Law.uniform(1 / Math.sqrt(PATCH_IN)), Law.uniform(xavier(96, 120)),
                    Law.zero(), Law.uniform(xavier(120, 96)), Law.zero(), Law.uniform(xavier(96, 320)), Law.zero(), Law.uniform(xavier(96, 50)), Law.zero());
            case JAX -> put(laws, small, Law.zero(), Law.cut(1 / Math.sqrt(PATCH_IN)), Law.zero(), Law.uniform(xavier(96, 120)), Law.zero(),
                    Law.uniform(xavier(120, 96)), Law.zero(), Law.uniform(xavier(96, 320)), tiny, Law.zero(), Law.zero());
            case BIG_VISION -> put(laws, Law.normal(1 / Math.sqrt(96)), Law.zero(), Law.cut(1 / Math.sqrt(PATCH_IN)), Law.zero(),
                    Law.uniform(xavier(96, 120)), Law.zero(), Law.uniform(xavier(120, 96)), Law.zero(), Law.uniform(xavier(96, 320)), tiny, Law.zero(), Law.zero());
            case HUGGING_FACE -> put(laws, small, small, small, Law.zero(), small, Law.zero(), small, Law.zero(), small, Law.zero(), small, Law.zero());
            case TORCHVISION -> put(laws, small, Law.zero(), Law.normal(1 / Math.sqrt(PATCH_IN)), Law.zero(), Law.uniform(xavier(96, 360)), Law.zero(),
                    Law.uniform(1 / Math.sqrt(120)), Law.zero(), Law.uniform(xavier(96, 320)), tiny, Law.zero(), Law.zero());
            case VIT_PYTORCH -> put(laws, Law.normal(1), Law.normal(1), Law.uniform(1 / Math.sqrt(PATCH_IN)), Law.uniform(1 / Math.sqrt(PATCH_IN)),
                    Law.uniform(1 / Math.sqrt(96)), Law.uniform(1 / Math.sqrt(96)), Law.uniform(1 / Math.sqrt(120)), Law.uniform(1 / Math.sqrt(120)),
                    Law.uniform(1 / Math.sqrt(96)), Law.uniform(1 / Math.sqrt(96)), Law.uniform(1 / Math.sqrt(96)), Law.uniform(1 / Math.sqrt(96)));
        }
        return laws;
    }

    private static void put(Map<String, Law> laws, Law... inOrder) {
        String[] names = {"pos_embed", "cls_token", "patch_embed.proj.weight", "patch_embed.proj.bias", "blocks.0.attn.qkv.weight", "blocks.0.attn.qkv.bias",
            "blocks.0.attn.proj.weight", "blocks.0.attn.proj.bias", "blocks.0.mlp.fc1.weight", "blocks.0.mlp.fc1.bias", "head.weight", "head.bias"};
        for (int i = 0; i < names.length; i++) {
            laws.put(names[i], inOrder[i]);
        }
    }

    private static float[] read(VitConfig config, Scheme scheme, long seed, String name) {
        Parameter parameter = Parameters.of(config).find(name);
        float[] values = new float[Math.toIntExact(parameter.shape().size())];
        new Initialization(config, scheme, seed).read(parameter, values);
        return values;
    }

    @ParameterizedTest
    @EnumSource
    void everyTensorHasItsSourcesMeanDeviationAndBounds(Scheme scheme) {
        double worst = 0;
        for (Map.Entry<String, Law> entry : laws(scheme).entrySet()) {
            float[] values = read(CONFIG, scheme, 11, entry.getKey());
            Law law = entry.getValue();
            int n = values.length;
            double sum = 0;
            double squares = 0;
            double largest = 0;
            for (float value : values) {
                sum += value;
                squares += (double) value * value;
                largest = Math.max(largest, Math.abs(value));
            }
            assertTrue(largest <= law.bound * (1 + 1e-7), entry + ": largest " + largest);
            if (law.deviation == 0) {
                assertEquals(0, largest, entry::toString);
                continue;
            }
            // The mean has deviation σ/√n, the mean square σ²·√((kurtosis − 1)/n).
            double mean = sum / n / (law.deviation / Math.sqrt(n));
            double square = (squares / n / (law.deviation * law.deviation) - 1) / Math.sqrt((law.kurtosis - 1) / n);
            worst = Math.max(worst, Math.max(Math.abs(mean), Math.abs(square)));
            assertTrue(Math.abs(mean) < 4.5, entry + ": mean off by " + mean + " deviations");
            assertTrue(Math.abs(square) < 4.5, entry + ": mean square off by " + square + " deviations");
            if (n > 2000 && Double.isFinite(law.bound)) {
                assertTrue(largest > 0.98 * law.bound, entry + ": largest " + largest);
            }
        }
        System.out.printf("%s: worst mean or mean square %.2f deviations from its law%n", scheme, worst);
    }

    @ParameterizedTest
    @EnumSource
    void normsStartAsOneAndZeroAndLayerScaleSmall(Scheme scheme) {
        VitConfig scaled = CONFIG.toBuilder().layerScale(true).build();
        for (Parameter parameter : Parameters.of(scaled).list()) {
            float[] values = read(scaled, scheme, 3, parameter.name());
            switch (parameter.kind()) {
                case NORM_WEIGHT -> assertEquals(values.length, count(values, 1), parameter::name);
                case NORM_BIAS -> assertEquals(values.length, count(values, 0), parameter::name);
                case LAYER_SCALE -> assertEquals(values.length, count(values, 1e-5f), parameter::name);
                default -> { }
            }
        }
    }

    private static long count(float[] values, float wanted) {
        long count = 0;
        for (float value : values) {
            count += value == wanted ? 1 : 0;
        }
        return count;
    }

    @ParameterizedTest
    @EnumSource
    void weightsFollowFromSeedAndNameAlone(Scheme scheme) {
        float[] first = read(CONFIG, scheme, 1, "blocks.0.mlp.fc1.weight");
        assertArrayEquals(first, read(CONFIG, scheme, 1, "blocks.0.mlp.fc1.weight"));
        assertFalse(Arrays.equals(first, read(CONFIG, scheme, 2, "blocks.0.mlp.fc1.weight")));
        VitConfig deeper = CONFIG.toBuilder().depth(3).build();
        assertArrayEquals(first, read(deeper, scheme, 1, "blocks.0.mlp.fc1.weight"), "a deeper model begins alike");
        assertFalse(Arrays.equals(first, read(deeper, scheme, 1, "blocks.1.mlp.fc1.weight")), "blocks differ");
    }

    @Test
    void namesAreKnownAndOthersRefused() throws Exception {
        for (String name : Scheme.names()) {
            assertEquals(name, Scheme.named(name).id());
        }
        assertThrows(InputException.class, () -> Scheme.named("xavier"));
    }
}
