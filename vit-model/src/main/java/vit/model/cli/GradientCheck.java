package vit.model.cli;

import java.io.IOException;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.Map;
import vit.kernels.tensor.Shape;
import vit.model.InputException;
import vit.model.TrainingOptions;
import vit.model.VitTraining;
import vit.model.config.VitConfig;
import vit.model.weights.Weights;
import vit.model.weights.format.TensorEntry;
import vit.model.weights.format.TensorFile;

/**
 * Runs forward and backward pass on the {@code images} and {@code labels} of a reference file, and compares the run with {@code loss},
 * {@code grad.images} and every {@code grad.<weight name>} of the file. The loss is the mean cross-entropy; for a model without classes it is half the sum of
 * the squares of all embeddings.
 */
final class GradientCheck {

    private static final String IMAGES = "images";
    private static final String LABELS = "labels";
    private static final String LOSS = "loss";
    private static final String GRADIENT = "grad.";

    /** Most images in one pass. The gradients of the parameters accumulate over the passes to the same bits as in a single pass. */
    private static final int MAX_BATCH = 8;

    private final TensorFile reference;
    private final Weights weights;
    private final VitConfig config;
    private final int threads;

    GradientCheck(TensorFile reference, Weights weights, int threads) {
        this.reference = reference;
        this.weights = weights;
        this.config = weights.config();
        this.threads = threads;
    }

    /**
     * Compares everything that the reference holds of a backward pass.
     *
     * @throws InputException if the reference lacks images or labels, or holds gradients of other tensors
     */
    void run(Comparison comparison) throws IOException {
        TensorEntry images = require(IMAGES, Shape.of(count(), config.channels(), config.imageHeight(), config.imageWidth()));
        boolean classes = config.classes() > 0 && !config.isProjection();
        int[] labels = classes ? labels() : null;
        int each = config.channels() * config.imageHeight() * config.imageWidth();
        int count = count();
        float[] imageGradients = new float[Math.multiplyExact(count, each)];
        double loss = 0;
        TrainingOptions options = TrainingOptions.of(threads, Math.min(count, MAX_BATCH)).withImageGradient(true);
        try (VitTraining training = VitTraining.of(weights, options, null)) {
            for (int first = 0; first < count; first += MAX_BATCH) {
                int batch = Math.min(MAX_BATCH, count - first);
                float[] input = new float[batch * each];
                reference.readFloats(images, (long) first * each, input, 0, input.length);
                if (classes) {
                    int[] part = Arrays.copyOfRange(labels, first, first + batch);
                    loss += training.accumulate(input, part, batch, 1.0 / count) * batch / count;
                } else {
                    loss += training.accumulate(input, batch, this::halfSquares);
                }
                float[] gradient = new float[batch * each];
                training.imageGradient(gradient, batch);
                System.arraycopy(gradient, 0, imageGradients, first * each, gradient.length);
            }
            if (reference.find(LOSS) != null) {
                compare(comparison, LOSS, Comparison.Kind.LOSS, new float[] {(float) loss});
            }
            compareGradients(comparison, training, imageGradients);
        }
    }

    /** ½ Σ e² over the embeddings, whose gradient is e. */
    private double halfSquares(float[] embeddings, int batch, float[] gradient) {
        double sum = 0;
        for (int i = 0; i < batch * config.embeddingWidth(); i++) {
            sum += 0.5 * embeddings[i] * embeddings[i];
            gradient[i] = embeddings[i];
        }
        return sum;
    }

    private void compareGradients(Comparison comparison, VitTraining training, float[] imageGradients) throws IOException {
        Map<String, float[]> gradients = new LinkedHashMap<>();
        gradients.put(GRADIENT + IMAGES, imageGradients);
        weights.inFileLayout(training::readGradient).forEach((name, values) -> gradients.put(GRADIENT + name, values));
        for (TensorEntry entry : reference.entries()) {
            if (entry.name().startsWith(GRADIENT)) {
                float[] gradient = gradients.get(entry.name());
                if (gradient == null) {
                    throw fault(entry.name()).because("the weights have no tensor of this name");
                }
                compare(comparison, entry.name(), Comparison.Kind.GRADIENT, gradient);
            }
        }
    }

    private void compare(Comparison comparison, String name, Comparison.Kind kind, float[] values) throws IOException {
        TensorEntry entry = reference.find(name);
        if (entry.shape().size() != values.length) {
            throw fault(name).expected(values.length + " elements").found(entry.shape()).because("the tensor does not have the model's shape");
        }
        double[] truth = new double[values.length];
        reference.readDoubles(entry, 0, truth, 0, truth.length);
        Comparison.Meter meter = comparison.tensor(name, kind, entry.shape());
        for (int i = 0; i < truth.length; i++) {
            meter.add(values[i], truth[i]);
        }
    }

    private int count() throws InputException {
        TensorEntry images = reference.find(IMAGES);
        return images == null || images.shape().rank() != 4 ? 1 : Math.max(1, images.shape().dimension(0));
    }

    private int[] labels() throws IOException {
        TensorEntry entry = require(LABELS, Shape.of(count()));
        double[] values = new double[count()];
        reference.readDoubles(entry, 0, values, 0, values.length);
        int[] labels = new int[values.length];
        for (int i = 0; i < labels.length; i++) {
            labels[i] = (int) values[i];
            if (labels[i] != values[i] || labels[i] < 0 || labels[i] >= config.classes()) {
                throw fault(LABELS).expected("0 … " + (config.classes() - 1)).found(values[i]).because("the label of image " + i + " is no class");
            }
        }
        return labels;
    }

    private TensorEntry require(String name, Shape shape) throws InputException {
        TensorEntry entry = reference.find(name);
        if (entry == null) {
            throw fault(name).because("the reference lacks the tensor, which --gradients needs");
        }
        if (!entry.shape().equals(shape)) {
            throw fault(name).expected(shape).found(entry.shape()).because("the tensor does not have the model's shape");
        }
        return entry;
    }

    private InputException.Report fault(String tensor) {
        return InputException.in(reference.name()).tensor(tensor);
    }
}
