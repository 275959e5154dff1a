package vit.model.train;

import java.io.IOException;
import java.util.function.BooleanSupplier;
import vit.model.SessionOptions;
import vit.model.TokenMerging;
import vit.model.VitModel;
import vit.model.VitSession;
import vit.model.config.Scores;
import vit.model.evaluate.Evaluation;
import vit.model.evaluate.Tally;
import vit.model.parameters.ParameterSource;
import vit.model.train.augment.Mixing;
import vit.model.train.data.Batch;
import vit.model.train.data.BatchLoader;
import vit.model.train.data.BatchMaker;
import vit.model.train.data.BatchPlan;
import vit.model.train.data.SampleMaker;
import vit.model.train.data.UnreadableImages;

/** Evaluates weights on images, as training does after an epoch. */
final class Validation {

    private Validation() {}

    /**
     * Runs the model with these weights over all images that can be read.
     *
     * @param merging    how many tokens each block merges, as in the steps of the training
     * @param unreadable receives the others
     * @param cancelled  checked between batches
     * @return null if it was cancelled
     */
    static Evaluation of(ParameterSource weights, SampleMaker samples, int batchSize, TokenMerging merging, TrainerOptions options, UnreadableImages unreadable,
            BooleanSupplier cancelled) throws IOException {
        int classes = samples.config().classes();
        Tally tally = new Tally(samples.images().classes(), Scores.SOFTMAX);
        int size = samples.images().size();
        if (size == 0) {
            return tally.evaluation();
        }
        int most = Math.min(batchSize, size);
        BatchPlan plan = new BatchPlan(size, most, 1, samples.seed(), false);
        float[] logits = new float[most * classes];
        try (VitModel model = VitModel.of(weights);
                VitSession session = model.newSession(SessionOptions.threads(options.threads()).withBatch(most).withTokenMerging(merging));
                BatchLoader loader = new BatchLoader(session.toString(), new BatchMaker(samples, plan, Mixing.NONE), 0, 1, options.loaderThreads(), options.prefetch())) {
            for (int batches = plan.stepsPerEpoch(); batches > 0; batches--) {
                if (cancelled.getAsBoolean()) {
                    return null;
                }
                Batch batch = loader.take();
                unreadable.add("validation ", batch.unreadable());
                if (batch.count > 0) {
                    session.logits(batch.images, batch.count, logits);
                }
                for (int b = 0; b < batch.count; b++) {
                    tally.add(logits, b * classes, batch.labels[b]);
                }
                loader.release(batch);
            }
        }
        return tally.evaluation();
    }
}
