package vit.bench.peers;

import java.util.List;
import java.util.stream.Stream;
import vit.model.config.ForwardCost;
import vit.model.config.VitConfig;
import vit.model.parameters.GeneratedWeights;
import vit.model.parameters.Parameter;
import vit.model.parameters.Parameters;

/**
 * A training step that both sides do: the mean cross-entropy of a batch and its gradients, and an AdamW step if {@code update} is true. The gradients
 * of the class token, the first projection and the head are compared.
 */
record TrainingWork(GeneratedWeights weights, int batch, boolean update, float[] images, int[] labels) {

    /** The learning rate, which is so small that the weights stay practically the same while the step is repeated. */
    static final float RATE = 1e-6f;

    static final float WEIGHT_DECAY = 0.05f;

    /**
     * Passes in units of the forward pass. The backward pass is twice the forward pass: every product has a gradient of its input and one of its
     * weight.
     */
    private static final double PASSES = 3;

    static TrainingWork of(VitConfig config, int batch, boolean update) {
        GeneratedWeights weights = new GeneratedWeights(config, 0);
        float[] images = new float[batch * config.channels() * config.imageHeight() * config.imageWidth()];
        weights.fill(images, images.length, "images", 1.7, 0);
        int[] labels = new int[batch];
        for (int i = 0; i < batch; i++) {
            labels[i] = i * 7 % config.classes();
        }
        return new TrainingWork(weights, batch, update, images, labels);
    }

    VitConfig config() {
        return weights.config();
    }

    String step() {
        return update ? "forward+backward+AdamW" : "forward+backward";
    }

    double flops() {
        return PASSES * ForwardCost.of(config()).flops() * batch;
    }

    /** The parameters whose gradients are compared. */
    List<Parameter> compared() {
        Parameters parameters = Parameters.of(config());
        return Stream.of(Parameters.CLASS_TOKEN, Parameters.block(0, Parameters.QKV) + ".weight", Parameters.HEAD + ".weight")
                .map(parameters::find).toList();
    }
}
