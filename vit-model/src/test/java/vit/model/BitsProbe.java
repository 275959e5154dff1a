package vit.model;

import java.io.IOException;
import java.util.List;
import java.util.stream.Stream;
import java.util.zip.CRC32;
import vit.kernels.gelu.GeluKind;
import vit.kernels.optim.GradientNorm;
import vit.model.config.AttentionConfig;
import vit.model.config.BackboneConfig;
import vit.model.config.MlpConfig;
import vit.model.config.NormKind;
import vit.model.config.RotaryConfig;
import vit.model.config.VitConfig;
import vit.model.parameters.GeneratedWeights;
import vit.model.parameters.Parameter;

/** Prints one line with a hash of logits, gradients and trained weights of small models, for {@link SameBitsTest}. */
final class BitsProbe {

    private static final int BATCH = 3;

    /** Gradients are clipped to this, in every step. */
    private static final double MAX_NORM = 0.1;

    private BitsProbe() {}

    /**
     * @param arguments the numbers of threads to run with; all must give one hash. The later kinds of models run with the first and the last
     */
    public static void main(String[] arguments) throws IOException {
        List<VitConfig> kinds = kinds();
        String plain = hash(kinds.subList(0, 2), 20, arguments);
        String later = hash(kinds.subList(2, kinds.size()), 1, Stream.of(arguments[0], arguments[arguments.length - 1]).distinct().toArray(String[]::new));
        System.out.println("hash " + plain + " " + later);
    }

    static VitConfig token() {
        return VitConfig.builder().image(16, 24).patch(8).width(20).depth(2).heads(2).headDim(9).mlp(34).classes(5).build();
    }

    /** Two plain models and four with the later parts. */
    static List<VitConfig> kinds() {
        VitConfig token = token();
        VitConfig mean = token.toBuilder().gelu(GeluKind.TANH).pooling(VitConfig.Pooling.PATCH_MEAN)
                .finalNorm(VitConfig.FinalNorm.AFTER_POOLING).layerScale(true).registers(1).build();
        VitConfig axes = token.toBuilder().depth(1).positions(VitConfig.Positions.LEARNED_AXES).build();
        return List.of(token, mean, axes, eva(token), beit(token), hybrid(token));
    }

    /** The one hash of these models at every number of threads. */
    private static String hash(List<VitConfig> configs, int steps, String... numbersOfThreads) throws IOException {
        String first = null;
        for (String threads : numbersOfThreads) {
            String hash = hash(configs, steps, Integer.parseInt(threads));
            if (first != null && !first.equals(hash)) {
                throw new AssertionError("hash differs at " + threads + " threads: " + hash + ", before " + first);
            }
            first = hash;
        }
        return first;
    }

    private static String hash(List<VitConfig> configs, int steps, int threads) throws IOException {
        CRC32 crc = new CRC32();
        for (VitConfig config : configs) {
            GeneratedWeights weights = new GeneratedWeights(config, 0);
            float[] images = new float[BATCH * 3 * 16 * 24];
            weights.fill(images, images.length, "images", 1.7, 0);
            float[] logits = new float[BATCH * 5];
            for (StoredAs storedAs : List.of(StoredAs.FLOAT32, StoredAs.ROUNDED_TO_BFLOAT16, StoredAs.ROUNDED_TO_FLOAT16, StoredAs.ROUNDED_TO_INT8)) {
                try (VitModel model = VitModel.of(weights, storedAs);
                        VitSession session = model.newSession(SessionOptions.threads(threads).withBatch(BATCH))) {
                    session.logits(images, BATCH, logits);
                    update(crc, logits);
                }
            }
            if (config.block().attention().isPlain()) {
                try (VitModel model = VitModel.of(weights);
                        VitSession session = model.newSession(SessionOptions.threads(threads).withBatch(BATCH).withTokenMerging(1))) {
                    session.logits(images, BATCH, logits);
                    update(crc, logits);
                }
                train(crc, weights, images, Math.min(steps, 3), 1, threads);
            }
            train(crc, weights, images, steps, 0, threads);
        }
        return Long.toHexString(crc.getValue());
    }

    /** Rotary positions, a gate, norms inside, pooling by attention. */
    private static VitConfig eva(VitConfig token) {
        return token.toBuilder().width(24).headDim(12).rotary(new RotaryConfig(RotaryConfig.Scheme.EVA, 10000, 4, 4)).mlpKind(MlpConfig.Kind.SWIGLU).mlpNorm(true)
                .attentionNorm(true).queryKeyNorm(true).pooling(VitConfig.Pooling.ALL_ATTENTION).build();
    }

    /** Relative positions, no key bias, RMSNorm, pooling by maximum. */
    private static VitConfig beit(VitConfig token) {
        return token.toBuilder().relative(AttentionConfig.RelativePositions.SHARED).positions(VitConfig.Positions.NONE).keyBias(false).norm(NormKind.RMS)
                .gelu(GeluKind.QUICK).pooling(VitConfig.Pooling.PATCH_MEAN_MAX).build();
    }

    /** A convolutional network before the patches. */
    private static VitConfig hybrid(VitConfig token) {
        return token.toBuilder().patch(1).backbone(12, List.of(new BackboneConfig.Stage(2, 40), new BackboneConfig.Stage(1, 20))).backboneGroups(4).build();
    }

    /** @param merged how many tokens each block merges */
    private static void train(CRC32 crc, GeneratedWeights weights, float[] images, int steps, int merged, int threads) throws IOException {
        TrainingOptions options = TrainingOptions.of(threads, BATCH).withImageGradient(true).withLabelSmoothing(0.1).withTokenMerging(merged);
        try (VitTraining training = VitTraining.of(weights, options, Optimizer.adamW(0.05).withLayerDecay(0.75))) {
            int[] labels = {1, 4, 0};
            float[] gradient = new float[images.length];
            for (int step = 0; step < steps; step++) {
                training.clearGradients();
                training.accumulate(images, labels, BATCH, 1.0 / BATCH);
                double norm = training.gradientNorm();
                update(crc, Double.doubleToLongBits(norm));
                if (norm <= MAX_NORM) {
                    throw new AssertionError("a gradient of norm " + norm + " is not clipped");
                }
                training.step(1e-3, GradientNorm.clipScale(norm, MAX_NORM));
            }
            training.imageGradient(gradient, BATCH);
            update(crc, gradient);
            for (Parameter parameter : training.parameters().list()) {
                float[] values = new float[Math.toIntExact(parameter.shape().size())];
                training.readGradient(parameter, values);
                update(crc, values);
                training.read(parameter, values);
                update(crc, values);
            }
        }
    }

    private static void update(CRC32 crc, float[] values) {
        for (float value : values) {
            update(crc, Float.floatToIntBits(value));
        }
    }

    private static void update(CRC32 crc, long bits) {
        for (int shift = 0; shift < Long.SIZE; shift += Byte.SIZE) {
            crc.update((int) (bits >>> shift));
        }
    }
}
