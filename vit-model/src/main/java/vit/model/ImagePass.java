package vit.model;

import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import vit.kernels.tensor.Tensor;
import vit.model.config.VitConfig;
import vit.model.image.RgbImage;

/**
 * A session's pass over decoded images: it preprocesses them as the model says, and makes embeddings and predictions of the results. A result that is
 * not finite is a {@link NonFiniteException}. As with {@link SessionPass}, every method belongs into a call that has begun.
 */
final class ImagePass {

    private final VitModel model;
    private final VitConfig config;
    private final SessionPass pass;
    private final float[] pixels; // (channels, height, width)
    private final float[] logits; // (classes)

    ImagePass(VitModel model, SessionPass pass) {
        this.model = model;
        this.config = model.config();
        this.pass = pass;
        this.pixels = new float[pass.imageElements()];
        this.logits = new float[config.classes()];
    }

    /** The embedding of an image: (E), a new array. */
    float[] embed(RgbImage image) throws IOException {
        float[] embedding = new float[config.embeddingWidth()];
        run(List.of(image), 0, pass.embedding, embedding);
        return embedding;
    }

    /** @param features room for one image, written */
    void features(RgbImage image, Features features) throws IOException {
        prepare(image);
        pass.write(0, pixels);
        pass.features(1, features, true, 0, 1);
    }

    Prediction classify(RgbImage image, int top) throws IOException {
        return classify(List.of(image), top, logits).getFirst();
    }

    /** The predictions of any number of images, in their order. */
    List<Prediction> classify(List<RgbImage> images, int top) throws IOException {
        return classify(images, top, new float[Math.min(images.size(), pass.maxBatch()) * config.classes()]);
    }

    /** @param results room for the logits of a pass */
    private List<Prediction> classify(List<RgbImage> images, int top, float[] results) throws IOException {
        int classes = config.classes();
        List<Prediction> predictions = new ArrayList<>(images.size());
        while (predictions.size() < images.size()) {
            int batch = run(images, predictions.size(), pass.logits, results);
            for (int b = 0; b < batch; b++) {
                predictions.add(Prediction.of(results, b * classes, classes, model.labels(), top, model.scores()));
            }
        }
        return predictions;
    }

    AttentionMaps attention(RgbImage image) throws IOException {
        prepare(image);
        return pass.attention(pixels);
    }

    /**
     * Runs the model on the images from {@code first} on, as many as go through it together.
     *
     * @param result {@link SessionPass#embedding} or {@link SessionPass#logits}
     * @param out    the result of each of them from the start of the array on, written
     * @return how many they were
     */
    private int run(List<RgbImage> images, int first, Tensor result, float[] out) throws IOException {
        int batch = Math.min(pass.maxBatch(), images.size() - first);
        for (int b = 0; b < batch; b++) {
            prepare(images.get(first + b));
            pass.write(b, pixels);
        }
        pass.run(batch, null, result, out);
        pass.requireFinite(out, batch, result.columns(), first, images.size());
        return batch;
    }

    /** Writes the preprocessed image into {@link #pixels}. */
    private void prepare(RgbImage image) throws IOException {
        if (config.channels() != RgbImage.CHANNELS) {
            throw new IllegalArgumentException("images have " + RgbImage.CHANNELS + " channels, the model takes " + config.channels());
        }
        model.preprocessing().apply(image, config.imageHeight(), config.imageWidth(), pixels, 0);
    }
}
