package vit.model.cli;

import java.io.IOException;
import vit.model.InputException;
import vit.model.TokenMerging;
import vit.model.VitModel;
import vit.model.config.VitConfig;
import vit.model.image.Preprocessing;
import vit.model.image.RgbImage;

/** A loaded model and the preprocessing that makes the model's input of an image file. */
final class LoadedModel implements AutoCloseable {

    private final ModelFiles files;
    private final Vit vit;
    private final VitModel model;
    private final int threads;
    private final Preprocessing preprocessing;
    private TokenMerging merging = TokenMerging.NONE;

    /** @param files and {@code vit} may be null if no note is to be printed */
    LoadedModel(ModelFiles files, Vit vit, VitModel model, int threads, Preprocessing preprocessing) {
        this.files = files;
        this.vit = vit;
        this.model = model;
        this.threads = threads;
        this.preprocessing = preprocessing;
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

    /**
     * Loads a model that gives logits.
     *
     * @throws CommandException if the model cannot be loaded, or gives no logits
     */
    static LoadedModel openClassifier(ModelFiles files, int threads, PreprocessOption preprocess, Vit vit) throws CommandException, IOException {
        return open(files, threads, preprocess, config -> ModelFiles.requireHead(config, files.weights()), vit);
    }

    VitModel model() {
        return model;
    }

    VitConfig config() {
        return model.config();
    }

    /** Sets how many tokens the sessions of this model merge. */
    void setMerging(TokenMerging value) {
        merging = value;
    }

    TokenMerging merging() {
        return merging;
    }

    /** The number of threads that compute. */
    int threads() {
        return threads;
    }

    /** Elements of the model's input for one image, channels · H · W. */
    int imageElements() {
        return config().channels() * config().imageHeight() * config().imageWidth();
    }

    /**
     * Makes the model's input of an image. Any number of threads may call.
     *
     * @param pixels receives (channels, H, W)
     * @throws InputException if the image is unusable
     */
    void preprocess(RgbImage image, float[] pixels) throws IOException {
        preprocessing.apply(image, config().imageHeight(), config().imageWidth(), pixels, 0);
    }

    /** Notes once that the model that ships knows nothing of photos, if an image of this size looks like one. An image that was not decoded has size 0. */
    void noteIfPhoto(int height, int width, CommandBar bar) {
        if (height > 0 && files.wantsNote(height, width)) {
            bar.around(() -> vit.status().note(ModelFiles.PHOTO_NOTE));
        }
    }

    @Override
    public void close() {
        model.close();
    }
}
