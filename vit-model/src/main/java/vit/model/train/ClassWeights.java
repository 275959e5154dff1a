package vit.model.train;

import java.util.Arrays;
import vit.model.train.data.Batch;
import vit.model.train.data.ImageSource;

/**
 * Weights that give every class the same part in the loss, however many images it has. An image of class c has the weight n / (K · n_c), for n images of K
 * classes, n_c of them of class c; an image that is mixed of several classes has the mixed weight. Immutable.
 */
final class ClassWeights {

    private final double[] weights; // (classes)

    private ClassWeights(double[] weights) {
        this.weights = weights;
    }

    /** The weights of the classes of these images if the recipe asks for them, otherwise null. */
    static ClassWeights of(Recipe recipe, ImageSource images) {
        if (!recipe.balanced()) {
            return null;
        }
        int[] counts = new int[images.classes().size()];
        for (int i = 0; i < images.size(); i++) {
            counts[images.label(i)]++;
        }
        long present = Arrays.stream(counts).filter(count -> count > 0).count();
        return new ClassWeights(Arrays.stream(counts).mapToDouble(count -> count == 0 ? 0 : (double) images.size() / (present * count)).toArray());
    }

    /** The smoothing that is left to the kernel: none with weights, which {@link #targets} smooths itself, because the kernel would add s / K without a weight. */
    static double kernelSmoothing(Recipe recipe) {
        return recipe.balanced() ? 0 : recipe.labelSmoothing();
    }

    /**
     * Targets with weights: w · ((1 − s) · target + s / K), where w = Σ target_c · w_c. The loss is linear in the target and so has the factor w.
     *
     * @param mixed  whether the batch has soft targets
     * @param from   the first image of the batch
     * @param target (count, classes), written
     */
    void targets(Batch batch, boolean mixed, int from, int count, double smoothing, float[] target) {
        int classes = weights.length;
        for (int b = 0; b < count; b++) {
            double weight = 0;
            for (int c = 0; c < classes; c++) {
                weight += plain(batch, mixed, from + b, c) * weights[c];
            }
            for (int c = 0; c < classes; c++) {
                target[b * classes + c] = (float) (weight * ((1 - smoothing) * plain(batch, mixed, from + b, c) + smoothing / classes));
            }
        }
    }

    private double plain(Batch batch, boolean mixed, int b, int c) {
        return mixed ? batch.targets[b * weights.length + c] : batch.labels[b] == c ? 1 : 0;
    }
}
