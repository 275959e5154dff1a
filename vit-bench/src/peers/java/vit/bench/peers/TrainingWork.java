package vit.bench.peers;

import java.util.List;
import java.util.stream.Stream;
import vit.model.config.ForwardCost;
import vit.model.config.VitConfig;
import vit.model.parameters.GeneratedWeights;
import vit.model.parameters.Parameter;
import vit.model.parameters.Parameters;

/**
 * A training step that both sides do: the mean cross-entropy of a batch and its gradients, and where {@code update} an AdamW step.
 * The gradients of the class token, the first projection and the head are compared.
 */
record TrainingWork(GeneratedWeights weights, int batch, boolean update, float[] images, int[] labels) {

    /** Small, so that the weights stay what they were while the step is repeated. */
    static final float RATE = 1e-6f;

    static final float WEIGHT_DECAY = 0.05f;

    /** Backward is twice forward: the gradient of the input and the gradient of the weight of every product. */
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
