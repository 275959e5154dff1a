package vit.model.cli;

import java.io.IOException;
import java.nio.file.Path;
import vit.model.InputException;
import vit.model.NonFiniteException;
import vit.model.SessionOptions;
import vit.model.VitConfig;
import vit.model.VitModel;
import vit.model.VitSession;
import vit.model.image.ImageDecoder;
import vit.model.image.Preprocessing;

/** A loaded model with all that stands between an image file and its logits. For one thread. */
final class Classifier implements AutoCloseable {

    private final VitModel model;
    private final VitSession session;
    private final Preprocessing preprocessing;
    private final float[] pixels; // (channels, H, W)
    private final float[] logits; // (classes)

    private Classifier(VitModel model, int threads, Preprocessing preprocessing) {
        this.model = model;
        this.session = model.newSession(SessionOptions.threads(threads).withFiniteCheck(true));
        this.preprocessing = preprocessing;
        VitConfig config = model.config();
        this.pixels = new float[config.channels() * config.imageHeight() * config.imageWidth()];
        this.logits = new float[config.classes()];
    }

    /**
     * Loads. The kernels are compiled meanwhile; the first image waits for them, which takes less time than warming up.
     *
     * @throws CommandException if the model cannot be loaded, or gives no logits
     */
    static Classifier open(ModelFiles files, int threads, PreprocessOption preprocess, StatusLine status)
            throws CommandException, IOException {
        VitModel model = files.load(status);
        try {
            ModelFiles.requireHead(model.config(), files.weights());
            return new Classifier(model, threads, preprocess.choose(model));
        } catch (Throwable t) {
            model.close();
            throw t;
        }
    }

    /** What to do about an image that cannot be used. */
    static String imageHint(Path image) {
        return ModelFiles.hint(image, "images may be JPEG, PNG, BMP, GIF, WebP, TIFF or PPM");
    }

    VitModel model() {
        return model;
    }

    /** The logits of an image, (classes): valid until the next call. */
    float[] logits(Path image) throws CommandException, IOException {
        VitConfig config = model.config();
        try {
            preprocessing.apply(ImageDecoder.decode(image), config.imageHeight(), config.imageWidth(), pixels, 0);
        } catch (InputException e) {
            throw new CommandException(e, imageHint(image));
        }
        try {
            session.logits(pixels, 1, logits);
        } catch (NonFiniteException e) {
            throw new CommandException(image + ": " + e.getMessage(), FaultReport.NON_FINITE_HINT);
        }
        return logits;
    }

    @Override
    public void close() {
        session.close();
        model.close();
    }
}
