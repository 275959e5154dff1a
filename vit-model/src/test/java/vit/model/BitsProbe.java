package vit.model;

import java.io.IOException;
import java.util.zip.CRC32;
import vit.kernels.gelu.GeluKind;
import vit.kernels.optim.GradientNorm;
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
     * @param arguments the numbers of threads to run with; all must give one hash
     */
    public static void main(String[] arguments) throws IOException {
        String first = null;
        for (String threads : arguments) {
            String hash = hash(Integer.parseInt(threads));
            if (first != null && !first.equals(hash)) {
                System.out.println("hash differs at " + threads + " threads: " + hash + ", before " + first);
                return;
            }
            first = hash;
        }
        System.out.println("hash " + first);
    }

    private static String hash(int threads) throws IOException {
        CRC32 crc = new CRC32();
        VitConfig token = VitConfig.builder().image(16, 24).patch(8).width(20).depth(2).heads(2).headDim(9).mlp(34).classes(5).build();
        VitConfig mean = token.toBuilder().gelu(GeluKind.TANH).pooling(VitConfig.Pooling.PATCH_MEAN)
                .finalNorm(VitConfig.FinalNorm.AFTER_POOLING).layerScale(true).registers(1).build();
        VitConfig axes = token.toBuilder().depth(1).positions(VitConfig.Positions.LEARNED_AXES).build();
        for (VitConfig config : new VitConfig[] {token, mean, axes}) {
            GeneratedWeights weights = new GeneratedWeights(config, 0);
            float[] images = new float[BATCH * 3 * 16 * 24];
            weights.fill(images, images.length, "images", 1.7, 0);
            float[] logits = new float[BATCH * 5];
            try (VitModel model = VitModel.of(weights);
                    VitSession session = model.newSession(SessionOptions.threads(threads).withBatch(BATCH))) {
                session.logits(images, BATCH, logits);
                update(crc, logits);
            }
            train(crc, weights, images, threads);
        }
        return Long.toHexString(crc.getValue());
    }

    private static void train(CRC32 crc, GeneratedWeights weights, float[] images, int threads) throws IOException {
        TrainingOptions options = TrainingOptions.of(threads, BATCH).withImageGradient(true).withLabelSmoothing(0.1);
        try (VitTraining training = VitTraining.of(weights, options, Optimizer.adamW(0.05).withLayerDecay(0.75))) {
            int[] labels = {1, 4, 0};
            float[] gradient = new float[images.length];
            for (int step = 0; step < 20; step++) {
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
