package vit.model.cli;

import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import picocli.CommandLine.Option;
import vit.model.InputException;
import vit.model.VitModel;
import vit.model.weights.config.Labels;

/** {@code --labels F}: names for a model's classes. */
final class LabelsOption {

    @Option(names = "--labels", paramLabel = "F",
            description = "Class names: a file with one name per line, or JSON (an array, id2label, Keras' class index), or the word imagenet for ImageNet's 1000"
                    + " names; default: the configuration's.")
    private Path labels;

    /** The file, or null. */
    Path file() {
        return labels;
    }

    /**
     * The labels of the file that is named, otherwise the model's own; empty if it has none.
     *
     * @throws CommandException if the file is malformed, or its labels do not fit the model
     */
    List<String> of(VitModel model) throws CommandException, IOException {
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
