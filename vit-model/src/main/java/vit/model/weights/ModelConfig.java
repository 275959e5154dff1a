package vit.model.weights;

import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import vit.model.InputException;
import vit.model.config.VitConfig;
import vit.model.weights.config.Labels;
import vit.model.weights.config.OwnConfig;

/**
 * The whole configuration of a model: the network and the names of its classes. Immutable.
 *
 * @param vit    the network
 * @param labels names of the classes: empty, or one for each class
 */
public record ModelConfig(VitConfig vit, List<String> labels) {

    public ModelConfig {
        labels = List.copyOf(labels);
        if (!labels.isEmpty() && labels.size() != vit.classes()) {
            throw new IllegalArgumentException(labels.size() + " labels for " + vit.classes() + " classes");
        }
    }

    /** The name of the class with this number, counted from 0; the number itself if there are no labels. */
    public String label(int index) {
        return labels.isEmpty() ? String.valueOf(index) : labels.get(index);
    }

    /**
     * The same model with the labels of a file.
     *
     * @throws InputException if the file is malformed or does not have a label for every class
     */
    public ModelConfig withLabels(Path file) throws IOException {
        return new ModelConfig(vit, Labels.require(file, Labels.read(file), vit.classes()));
    }

    /**
     * The configuration in our own form, as a {@code config.json} beside the weights has it.
     *
     * @param more further fields, for example of image preprocessing; values are strings, numbers, truth values, null, and lists and maps of these
     */
    public String toJson(Map<String, ?> more) {
        return OwnConfig.write(vit, labels, more);
    }
}
