package vit.model.spark;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Set;
import vit.kernels.parallel.Worker;
import vit.model.InputException;
import vit.model.Prediction;
import vit.model.VitModel;
import vit.model.VitSession;
import vit.model.config.VitConfig;
import vit.model.image.RgbImage;

/**
 * Runs a borrowed session on one batch after the other. The session's team decodes the images first, each into its own place, and then runs the model. For
 * one thread.
 */
final class BatchRun implements AutoCloseable {

    private final ModelLease lease;
    private final VitModel model;
    private final VitConfig config;
    private final Set<Output> outputs;
    private final boolean wantsLogits;
    private final boolean wantsEmbedding;
    private final int imageElements;
    private final float[] pixels; // (B, channels, H, W)
    private final float[] logits; // (B, classes)
    private final float[] embeddings; // (B, E)
    private final String[] errors; // (B): of the images that cannot be used

    /** @throws IllegalArgumentException if logits or classes are asked of a model without a head */
    BatchRun(ModelLease lease, Set<Output> outputs) {
        this.lease = lease;
        this.model = lease.model();
        this.config = model.config();
        this.outputs = outputs;
        this.wantsLogits = outputs.contains(Output.LOGITS) || outputs.contains(Output.CLASS);
        this.wantsEmbedding = outputs.contains(Output.EMBEDDING);
        if (wantsLogits && config.classes() == 0) {
            throw new IllegalArgumentException("the model has no head, so it has no logits and no class; ask for its embedding");
        }
        int most = lease.session().maxBatch();
        this.imageElements = config.channels() * config.imageHeight() * config.imageWidth();
        this.pixels = new float[Math.multiplyExact(most, imageElements)];
        this.logits = new float[wantsLogits ? most * config.classes() : 0];
        this.embeddings = new float[wantsEmbedding ? most * config.embeddingWidth() : 0];
        this.errors = new String[most];
    }

    int mostImages() {
        return errors.length;
    }

    /** One answer for each element of the batch. */
    <T> List<ImageAnswer> answers(List<T> batch, ImageReader<T> reader) {
        Arrays.fill(errors, null);
        lease.workers().run(worker -> decode(batch, reader, worker));
        int usable = moveUp(batch.size());
        if (usable > 0) {
            run(lease.session(), usable);
        }
        List<ImageAnswer> answers = new ArrayList<>(batch.size());
        int place = 0;
        for (int b = 0; b < batch.size(); b++) {
            answers.add(errors[b] != null ? ImageAnswer.ofError(errors[b]) : answer(place++));
        }
        return answers;
    }

    private <T> void decode(List<T> batch, ImageReader<T> reader, Worker worker) {
        for (int b = worker.from(batch.size()); b < worker.to(batch.size()); b++) {
            try {
                RgbImage image = reader.image(batch.get(b));
                lease.preprocessing().apply(image, config.imageHeight(), config.imageWidth(), pixels, b * imageElements);
            } catch (InputException e) {
                errors[b] = e.getMessage();
            }
        }
    }

    /** Closes the gaps that unusable images leave, and returns how many images there are. */
    private int moveUp(int count) {
        int kept = 0;
        for (int b = 0; b < count; b++) {
            if (errors[b] == null) {
                System.arraycopy(pixels, b * imageElements, pixels, kept++ * imageElements, imageElements);
            }
        }
        return kept;
    }

    private void run(VitSession session, int count) {
        if (wantsLogits && wantsEmbedding) {
            session.logitsAndEmbeddings(pixels, count, logits, embeddings);
        } else if (wantsLogits) {
            session.logits(pixels, count, logits);
        } else {
            session.embed(pixels, count, embeddings);
        }
    }

    private ImageAnswer answer(int place) {
        float[] ownLogits = wantsLogits ? row(logits, place, config.classes()) : null;
        float[] ownEmbedding = wantsEmbedding ? row(embeddings, place, config.embeddingWidth()) : null;
        if (!isFinite(ownLogits) || !isFinite(ownEmbedding)) {
            return ImageAnswer.ofError("the result is not finite: weights or image are out of range; `vit inspect` and `vit compare` look at the weights");
        }
        float[] shown = outputs.contains(Output.LOGITS) ? ownLogits : null;
        if (!outputs.contains(Output.CLASS)) {
            return new ImageAnswer(shown, ownEmbedding, -1, null, Double.NaN, null);
        }
        Prediction.Ranked best = Prediction.of(ownLogits, 0, config.classes(), model.labels(), 1, model.scores()).best();
        return new ImageAnswer(shown, ownEmbedding, best.index(), best.label(), best.probability(), null);
    }

    private static float[] row(float[] rows, int row, int columns) {
        return Arrays.copyOfRange(rows, row * columns, (row + 1) * columns);
    }

    private static boolean isFinite(float[] values) {
        if (values != null) {
            for (float value : values) {
                if (!Float.isFinite(value)) {
                    return false;
                }
            }
        }
        return true;
    }

    /** Gives the session back. */
    @Override
    public void close() {
        lease.close();
    }
}
