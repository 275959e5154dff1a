package vit.model.cli;

import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;
import picocli.CommandLine.Option;
import vit.model.Features;
import vit.model.InputException;
import vit.model.Prediction;
import vit.model.config.Scores;
import vit.model.config.VitConfig;
import vit.model.weights.config.Labels;
import vit.model.weights.format.TensorEntry;
import vit.model.weights.format.TensorFile;

/**
 * {@code --classes F}: classes that are texts, for models whose images and texts share one space. The logit of a text is
 *
 * <pre>
 *   s · cos(image, text) + b
 * </pre>
 *
 * CLIP takes the softmax of the logits and has no b (Radford et al. 2021, figure 3); SigLIP takes the sigmoid of each (Zhai et al. 2023, algorithm 1). In the
 * files, {@code logit_scale} is the logarithm of s, and {@code logit_bias} is b.
 */
final class TextClasses {

    /** The fields of the file's metadata that may hold the labels; the first that is there does. */
    private static final String[] LABELS = {"labels", Embed.NAMES};

    private static final List<String> SCALES = List.of("logit_scale", "params/t");
    private static final List<String> BIASES = List.of("logit_bias", "params/b");

    @Option(names = "--classes", paramLabel = "F",
            description = "Classes that are texts, for models that embed images and texts in one space (CLIP, SigLIP): the embeddings of the texts by the same"
                    + " model's text tower, one in each row of a safetensors file (labels as a JSON array in its metadata 'labels', or by --labels) or of a .npy"
                    + " file (with --labels).")
    private Path file;

    @Option(names = "--logit-scale", paramLabel = "X",
            description = "With --classes: what the cosines are multiplied by, for example 100. Default: the exponential of the tensor logit_scale in the file of the"
                    + " classes, else in the weights.")
    private Double scale;

    @Option(names = "--logit-bias", paramLabel = "X",
            description = "With --classes and SigLIP: what is added to the products. Default: the tensor logit_bias in the file of the classes, else in the weights.")
    private Double bias;

    /** The option's value, ready for a model. */
    record Texts(VectorTable table, double scale, double bias, Scores scores) {

        /** The most probable texts for the image whose embedding the features hold. */
        Prediction of(Features features, int top) {
            double[] cosines = table.cosines(features.embedding());
            float[] logits = new float[cosines.length];
            for (int i = 0; i < logits.length; i++) {
                logits[i] = (float) (scale * cosines[i] + bias);
            }
            return Prediction.of(logits, 0, logits.length, table.names(), top, scores);
        }
    }

    /** Whether the classes are texts. */
    boolean given() {
        return file != null;
    }

    /** Refuses a model whose embeddings no text shares, with the reason. */
    void check(VitConfig config, Object model) throws CommandException {
        if (!config.isProjection() && !isSiglip(config)) {
            throw new CommandException(model + ": --classes needs a model that embeds images and texts in one space, and this one has "
                    + (config.classes() > 0 ? "a head of " + config.classes() + " fixed classes" : "neither a projection (CLIP) nor a pooling head (SigLIP)"),
                    config.classes() > 0 ? "leave out --classes" : "vit embed gives the embeddings of its images");
        }
    }

    /** Attention pooling without a head is SigLIP's: its embedding needs no projection. */
    private static boolean isSiglip(VitConfig config) {
        return config.classes() == 0 && config.pooling().isAttention();
    }

    /**
     * Reads the classes.
     *
     * @param weights the model's weights, which may hold scale and bias; or null
     * @param labels  the file of labels, or null
     */
    Texts read(VitConfig config, Path weights, Path labels) throws CommandException, IOException {
        VectorTable table = table(labels);
        table.requireWidth(config.embeddingWidth(), "the model's embedding");
        requireUsable(table);
        boolean sigmoid = isSiglip(config);
        double factor = scale != null ? scale : Math.exp(scalar(table, weights, SCALES, "--logit-scale", "the scale of the cosines"));
        double offset = bias != null ? bias : sigmoid ? scalar(table, weights, BIASES, "--logit-bias", "the bias of the logits") : 0;
        return new Texts(table, factor, offset, sigmoid ? Scores.SIGMOID : Scores.SOFTMAX);
    }

    private VectorTable table(Path labels) throws CommandException, IOException {
        try {
            VectorTable table = VectorTable.read(file, LABELS);
            return labels == null ? table : table.withNames(Labels.require(labels, Labels.read(labels), table.rows()));
        } catch (InputException e) {
            throw new CommandException(e, ModelFiles.hint(file, "the file holds one embedding of a text in each row, and has one label for each"));
        }
    }

    private static void requireUsable(VectorTable table) throws CommandException {
        for (int row = 0; row < table.rows(); row++) {
            if (!table.hasDirection(row)) {
                throw new CommandException(table.file() + ": row " + row + " is zero or not finite, so it has no direction", "leave it out");
            }
        }
    }

    private double scalar(VectorTable table, Path weights, List<String> names, String option, String meaning) throws CommandException, IOException {
        for (String name : names) {
            if (table.scalars().containsKey(name)) {
                return table.scalars().get(name);
            }
        }
        if (weights != null) {
            try (TensorFile tensors = TensorFile.open(weights)) {
                Optional<TensorEntry> found = names.stream().flatMap(name -> Stream.ofNullable(tensors.find(name)))
                        .filter(entry -> entry.shape().size() == 1).findFirst();
                if (found.isPresent()) {
                    double[] value = new double[1];
                    tensors.readDoubles(found.get(), 0, value, 0, 1);
                    return value[0];
                }
            }
        }
        throw new CommandException(file + ": neither this file nor the weights hold the tensor " + names.getFirst() + ", " + meaning,
                "state it with " + option + (option.equals("--logit-scale") ? ", for example 100 for the published CLIP models" : ""));
    }
}
