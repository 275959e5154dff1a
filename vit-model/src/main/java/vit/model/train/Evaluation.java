package vit.model.train;

import java.io.IOException;
import java.util.List;
import java.util.function.BooleanSupplier;
import vit.model.SessionOptions;
import vit.model.VitModel;
import vit.model.VitSession;
import vit.model.parameters.ParameterSource;
import vit.model.train.augment.Mixing;
import vit.model.train.data.Batch;
import vit.model.train.data.BatchLoader;
import vit.model.train.data.SampleMaker;
import vit.model.train.data.UnreadableImages;

/**
 * How a model classifies labelled images.
 *
 * @param classes   names
 * @param confusion (classes, classes): how many images of the row's class were classified as the column's class
 * @param loss      mean cross-entropy; NaN without images
 */
public record Evaluation(List<String> classes, int[][] confusion, double loss) {

    /** The number of images. */
    public int images() {
        int sum = 0;
        for (int[] row : confusion) {
            for (int count : row) {
                sum += count;
            }
        }
        return sum;
    }

    /** Share of the images that were classified correctly; NaN without images. */
    public double accuracy() {
        int right = 0;
        for (int c = 0; c < confusion.length; c++) {
            right += confusion[c][c];
        }
        return images() == 0 ? Double.NaN : (double) right / images();
    }

    /**
     * Runs the model with these weights over all images that can be read.
     *
     * @param unreadable receives the others
     * @param cancelled checked between batches
     * @return null if it was cancelled
     */
    static Evaluation of(ParameterSource weights, SampleMaker samples, int batchSize, TrainerOptions options, UnreadableImages unreadable,
            BooleanSupplier cancelled) throws IOException {
        int classes = samples.config().classes();
        int[][] confusion = new int[classes][classes];
        int size = samples.images().size();
        if (size == 0) {
            return new Evaluation(samples.images().classes(), confusion, Double.NaN);
        }
        double loss = 0;
        int read = 0;
        int most = Math.min(batchSize, size);
        float[] logits = new float[most * classes];
        try (VitModel model = VitModel.of(weights);
                VitSession session = model.newSession(SessionOptions.threads(options.threads()).withBatch(most));
                BatchLoader loader = new BatchLoader(session.toString(), samples, most, 0, 1, false, Mixing.NONE, options.loaderThreads(), options.prefetch())) {
            for (int batches = BatchLoader.batchesPerEpoch(size, most); batches > 0; batches--) {
                if (cancelled.getAsBoolean()) {
                    return null;
                }
                Batch batch = loader.take();
                unreadable.add("validation ", batch);
                if (batch.count > 0) {
                    session.logits(batch.images, batch.count, logits);
                }
                for (int b = 0; b < batch.count; b++) {
                    confusion[batch.labels[b]][highest(logits, b * classes, classes)]++;
                    loss += crossEntropy(logits, b * classes, classes, batch.labels[b]);
                }
                read += batch.count;
                loader.release(batch);
            }
        }
        return new Evaluation(samples.images().classes(), confusion, loss / read);
    }

    /** The index of the largest of {@code count} values; of equal ones the first. */
    static int highest(float[] values, int offset, int count) {
        int best = 0;
        for (int i = 1; i < count; i++) {
            if (values[offset + i] > values[offset + best]) {
                best = i;
            }
        }
        return best;
    }

    /** log Σ exp(logits) − logits[label]. */
    private static double crossEntropy(float[] logits, int offset, int classes, int label) {
        double max = logits[offset + highest(logits, offset, classes)];
        double sum = 0;
        for (int c = 0; c < classes; c++) {
            sum += StrictMath.exp(logits[offset + c] - max);
        }
        return max + StrictMath.log(sum) - logits[offset + label];
    }
}
