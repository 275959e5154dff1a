package vit.model.cli;

import java.io.IOException;
import vit.model.InputException;
import vit.model.SessionOptions;
import vit.model.VitModel;
import vit.model.VitSession;
import vit.model.config.VitConfig;
import vit.model.image.Preprocessing;
import vit.model.image.RgbImage;

/** A loaded model with everything that is needed to get from an image file to its logits. For one thread. */
final class Classifier implements AutoCloseable {

    private final ModelFiles files;
    private final Vit vit;
    private final VitModel model;
    private final VitSession session;
    private final Preprocessing preprocessing;
    private final float[] pixels; // (channels, H, W)
    private final float[] logits; // (classes)

    private Classifier(ModelFiles files, Vit vit, VitModel model, int threads, Preprocessing preprocessing) {
        this.files = files;
        this.vit = vit;
        this.model = model;
        this.session = model.newSession(SessionOptions.threads(threads).withFiniteCheck(true));
        this.preprocessing = preprocessing;
        VitConfig config = model.config();
        this.pixels = new float[config.channels() * config.imageHeight() * config.imageWidth()];
        this.logits = new float[config.classes()];
    }

    /**
     * Loads a model. The kernels are compiled at the same time; the first image waits for them, which takes less time than warming up.
     *
     * @throws CommandException if the model cannot be loaded, or gives no logits
     */
    static Classifier open(ModelFiles files, int threads, PreprocessOption preprocess, Vit vit)
            throws CommandException, IOException {
        VitModel model = files.load(vit.status());
        try {
            ModelFiles.requireHead(model.config(), files.weights());
            ModelFiles.requireColour(model.config(), files.weights());
            return new Classifier(files, vit, model, threads, preprocess.choose(model));
        } catch (Throwable t) {
            model.close();
            throw t;
        }
    }

    /** The hint for an image that cannot be used. */
    static String imageHint(ImageInput image) {
        String formats = "images may be JPEG, PNG, BMP, GIF, WebP, TIFF or PPM";
        return image.path() == null ? formats : ModelFiles.hint(image.path(), formats);
    }

    VitModel model() {
        return model;
    }

    /**
     * The logits of an image, (classes): valid until the next call.
     *
     * @throws InputException             if the image is unusable
     * @throws vit.model.NonFiniteException if the result is not finite
     */
    float[] logits(ImageInput image) throws IOException {
        VitConfig config = model.config();
        RgbImage decoded = image.decode();
        files.noteIfPhoto(decoded, vit.status());
        preprocessing.apply(decoded, config.imageHeight(), config.imageWidth(), pixels, 0);
        session.logits(pixels, 1, logits);
        return logits;
    }

    @Override
    public void close() {
        session.close();
        model.close();
    }
}
