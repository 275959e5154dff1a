package vit.model.cli;

import java.io.IOException;
import java.io.PrintWriter;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.ParentCommand;
import picocli.CommandLine.Spec;
import vit.model.InputException;
import vit.model.Prediction;
import vit.model.VitModel;
import vit.model.json.Json;
import vit.model.weights.config.Labels;

/** {@code vit classify}: the most probable classes of photos. */
@Command(name = "classify", description = "Name the most probable classes of images.")
final class Classify implements Callable<Integer> {

    @Mixin
    private ModelFiles files;

    @Mixin
    private PreprocessOption preprocess;

    @Mixin
    private ThreadsOption threads;

    @Option(names = "--labels", paramLabel = "F",
            description = "Class names: a line a class, or JSON (an array, id2label, Keras' class index); or the word imagenet: ImageNet's 1000 names;"
                    + " default: the configuration's.")
    private Path labels;

    @Option(names = "--top", paramLabel = "K", defaultValue = "5", description = "Classes to name; default: ${DEFAULT-VALUE}.")
    private int top;

    @Option(names = "--json", description = "Print one JSON object.")
    private boolean json;

    @Parameters(paramLabel = "IMAGE", arity = "1..*", description = "Image files.")
    private List<Path> images;

    @ParentCommand
    private Vit vit;

    @Spec
    private CommandSpec spec;

    @Override
    public Integer call() throws CommandException, IOException {
        if (top < 1) {
            throw new ParameterException(spec.commandLine(), "Invalid value for option '--top': expected 1 or more, found " + top);
        }
        PrintWriter out = spec.commandLine().getOut();
        List<Object> objects = new ArrayList<>();
        try (Classifier classifier = Classifier.open(files, threads.count(), preprocess, vit.status())) {
            List<String> names = names(classifier.model());
            for (Path image : images) {
                vit.status().show("classifying " + image);
                Prediction prediction = Prediction.of(classifier.logits(image), 0, classifier.model().config().classes(), names, top,
                        classifier.model().scores());
                vit.status().clear();
                if (json) {
                    objects.add(json(image, prediction));
                } else {
                    print(image, prediction, out);
                }
            }
        }
        if (json) {
            out.println(Json.write(Map.of("images", objects)));
        }
        return Vit.DONE;
    }

    /** The labels named, or else the model's own. */
    private List<String> names(VitModel model) throws CommandException, IOException {
        if (labels == null) {
            return model.labels();
        }
        try {
            boolean imagenet = labels.toString().equals(Labels.IMAGENET);
            return Labels.require(imagenet ? "--labels imagenet" : labels, imagenet ? Labels.imagenet() : Labels.read(labels), model.config().classes());
        } catch (InputException e) {
            throw new CommandException(e, "a label file has one line a class, or is JSON: an array, or id2label from number to name");
        }
    }

    private static void print(Path image, Prediction prediction, PrintWriter out) {
        out.println(image);
        TextTable table = new TextTable("rrl");
        for (Prediction.Ranked ranked : prediction.top()) {
            String number = String.valueOf(ranked.index());
            String label = ranked.label().equals(number) ? "" : ranked.label();
            table.row(String.format(Locale.ROOT, "%.4f", ranked.probability()), number, label);
        }
        table.print(out, "  ");
        out.flush();
    }

    private static Map<String, Object> json(Path image, Prediction prediction) {
        List<Object> classes = new ArrayList<>();
        for (Prediction.Ranked ranked : prediction.top()) {
            Map<String, Object> entry = new LinkedHashMap<>();
            entry.put("class", ranked.index());
            entry.put("label", ranked.label());
            entry.put("probability", ranked.probability());
            classes.add(entry);
        }
        Map<String, Object> object = new LinkedHashMap<>();
        object.put("file", image.toString());
        object.put("top", classes);
        return object;
    }
}
