package vit.model.cli;

import java.io.IOException;
import vit.model.InputException;
import vit.model.SessionOptions;
import vit.model.VitModel;
import vit.model.VitSession;
import vit.model.config.VitConfig;
import vit.model.image.Preprocessing;
import vit.model.image.RgbImage;

/** A loaded model with a session for one image at a time, and the preprocessing that makes the model's input of an image file. For one thread. */
final class LoadedModel implements AutoCloseable {

    private final ModelFiles files;
    private final Vit vit;
    private final VitModel model;
    private final VitSession session;
    private final Preprocessing preprocessing;
    private final float[] pixels; // (channels, H, W)

    private LoadedModel(ModelFiles files, Vit vit, VitModel model, int threads, Preprocessing preprocessing) {
        this.files = files;
        this.vit = vit;
        this.model = model;
        this.session = model.newSession(SessionOptions.threads(threads).withFiniteCheck(true));
        this.preprocessing = preprocessing;
        VitConfig config = model.config();
        this.pixels = new float[config.channels() * config.imageHeight() * config.imageWidth()];
    }

    /** What a command requires of a model. */
    @FunctionalInterface
    interface Requirement {
        void check(VitConfig config) throws CommandException;
    }

    /**
     * Loads a model. The kernels are compiled at the same time; the first image waits for them, which takes less time than warming up.
     *
     * @param requirement throws if the command cannot use the model
     * @throws CommandException if the model cannot be loaded or used
     */
    static LoadedModel open(ModelFiles files, int threads, PreprocessOption preprocess, Requirement requirement, Vit vit)
            throws CommandException, IOException {
        VitModel model = files.load(vit.status());
        try {
            requirement.check(model.config());
            ModelFiles.requireColour(model.config(), files.weights());
            return new LoadedModel(files, vit, model, threads, preprocess.choose(model, vit.status()));
        } catch (Throwable t) {
            model.close();
            throw t;
        }
    }

    VitModel model() {
        return model;
    }

    VitConfig config() {
        return model.config();
    }

    /** The session, which checks that results are finite. */
    VitSession session() {
        return session;
    }

    /**
     * The model's input for an image, (channels, H, W): valid until the next call.
     *
     * @throws InputException if the image is unusable
     */
    float[] pixels(ImageInput image) throws IOException {
        RgbImage decoded = image.decode();
        files.noteIfPhoto(decoded, vit.status());
        preprocessing.apply(decoded, config().imageHeight(), config().imageWidth(), pixels, 0);
        return pixels;
    }

    @Override
    public void close() {
        session.close();
        model.close();
    }
}
