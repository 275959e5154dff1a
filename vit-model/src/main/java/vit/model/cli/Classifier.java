package vit.model.cli;

import java.io.IOException;
import vit.model.InputException;
import vit.model.VitModel;

/** A loaded model with everything that is needed to get from an image file to its logits. For one thread. */
final class Classifier implements AutoCloseable {

    private final LoadedModel loaded;
    private final float[] logits; // (classes)

    private Classifier(LoadedModel loaded) {
        this.loaded = loaded;
        this.logits = new float[loaded.config().classes()];
    }

    /**
     * Loads a model; see {@link LoadedModel#open}.
     *
     * @throws CommandException if the model cannot be loaded, or gives no logits
     */
    static Classifier open(ModelFiles files, int threads, PreprocessOption preprocess, Vit vit)
            throws CommandException, IOException {
        return new Classifier(LoadedModel.open(files, threads, preprocess, config -> ModelFiles.requireHead(config, files.weights()), vit));
    }

    /** The hint for an image that cannot be used. */
    static String imageHint(ImageInput image) {
        String formats = "images may be JPEG, PNG, BMP, GIF, WebP, TIFF or PPM";
        return image.path() == null ? formats : ModelFiles.hint(image.path(), formats);
    }

    VitModel model() {
        return loaded.model();
    }

    /**
     * The logits of an image, (classes): valid until the next call.
     *
     * @throws InputException             if the image is unusable
     * @throws vit.model.NonFiniteException if the result is not finite
     */
    float[] logits(ImageInput image) throws IOException {
        loaded.session().logits(loaded.pixels(image), 1, logits);
        return logits;
    }

    @Override
    public void close() {
        loaded.close();
    }
}
