package vit.model.cli;

import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParentCommand;
import picocli.CommandLine.Spec;
import vit.model.FeatureRequest;
import vit.model.Features;
import vit.model.InputException;
import vit.model.Prediction;
import vit.model.VitModel;
import vit.model.config.VitConfig;
import vit.model.weights.config.Labels;

/** {@code vit classify}: the most probable classes of photos. */
@Command(name = "classify", description = "Name the most probable classes of images.")
final class Classify implements Callable<Integer> {

    @Mixin
    private ModelFiles.OrShipped files;

    @Mixin
    private PreprocessOption preprocess;

    @Mixin
    private ThreadsOption threads;

    @Option(names = "--labels", paramLabel = "F",
            description = "Class names: a file with one name per line, or JSON (an array, id2label, Keras' class index), or the word imagenet for ImageNet's 1000"
                    + " names; default: the configuration's.")
    private Path labels;

    @Mixin
    private TextClasses classes;

    @Mixin
    private TopOption top;

    @Option(names = "--json", description = "Print one JSON object.")
    private boolean json;

    @Mixin
    private ImageArguments images;

    @ParentCommand
    private Vit vit;

    @Spec
    private CommandSpec spec;

    @Override
    public Integer call() throws CommandException, IOException {
        List<ImageInput> inputs = images.images(vit);
        return classes.given() ? byTexts(inputs) : byHead(inputs);
    }

    private int byHead(List<ImageInput> inputs) throws CommandException, IOException {
        try (Classifier classifier = Classifier.open(files, threads.count(), preprocess, vit)) {
            VitModel model = classifier.model();
            requireClasses(model.config());
            List<String> names = names(model);
            return new EachImage(vit, inputs, images.isStrict()).run("classifying", image ->
                    Prediction.of(classifier.logits(image), 0, model.config().classes(), names, top.count(), model.scores()),
                    ClassifyReport.to(spec.commandLine().getOut(), json));
        }
    }

    /** Refuses a head whose outputs are no classes. */
    private void requireClasses(VitConfig config) throws CommandException {
        if (config.isProjection()) {
            throw new CommandException(name() + ": the model's head gives embeddings of images, not the logits of classes",
                    "name classes by the embeddings of their texts with --classes F, or use vit embed");
        }
    }

    private String name() {
        return files.weights() == null ? "the model that ships" : files.weights().toString();
    }

    private int byTexts(List<ImageInput> inputs) throws CommandException, IOException {
        try (LoadedModel loaded = LoadedModel.open(files, threads.count(), preprocess, config -> classes.check(config, name()), vit)) {
            TextClasses.Texts texts = classes.read(loaded.config(), files.weights(), labels);
            Features features = Features.of(loaded.config(), FeatureRequest.embedding(), 1);
            return new EachImage(vit, inputs, images.isStrict()).run("classifying", image -> {
                loaded.session().features(loaded.pixels(image), 1, features);
                return texts.of(features, top.count());
            }, ClassifyReport.to(spec.commandLine().getOut(), json));
        }
    }

    /** The labels of the file that is named, otherwise the model's own. */
    private List<String> names(VitModel model) throws CommandException, IOException {
        if (labels == null) {
            return model.labels();
        }
        try {
            boolean imagenet = labels.toString().equals(Labels.IMAGENET);
            return Labels.require(imagenet ? "--labels imagenet" : labels, imagenet ? Labels.imagenet() : Labels.read(labels), model.config().classes());
        } catch (InputException e) {
            throw new CommandException(e, "a label file has one line per class, or is JSON: an array, or id2label from number to name");
        }
    }
}
