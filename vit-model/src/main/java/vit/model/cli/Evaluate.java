package vit.model.cli;

import java.io.IOException;
import java.io.PrintWriter;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.stream.IntStream;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParentCommand;
import picocli.CommandLine.Spec;
import vit.model.InputException;
import vit.model.VitModel;
import vit.model.config.Scores;
import vit.model.config.VitConfig;
import vit.model.train.data.EvaluationData;
import vit.model.train.data.ImageFolder;

/** {@code vit evaluate}: how well a model classifies a folder of class folders. */
@Command(name = "evaluate", sortOptions = false, description = {
    "Measure how well a model classifies a folder of class folders: top-1, top-5, precision, recall and F1 of each class, which classes are confused, whether"
            + " the model is right as often as it says, and the worst mistakes.",
    "Folders are matched to the model's classes by name, by WordNet id (n01440764) or by number. Of a folder with train and val, val is evaluated.",
    "A bad image costs only its own result; the exit code is then 1."})
final class Evaluate implements Callable<Integer> {

    /** The form of the images, for whoever named something else. */
    static final String DATA_HINT = "DIR holds one folder of images per class, or folders train and val of that form";

    @Mixin
    private ModelFiles.OrShipped files;

    @Option(names = "--data", paramLabel = "DIR", required = true,
            description = "A folder with one folder of images per class, or with folders train and val of that form.")
    private Path data;

    @Option(names = "--output", paramLabel = "DIR",
            description = "Folder for confusion.png, calibration.png, mistakes.png, predictions.csv and evaluation.json, created if necessary.")
    private Path output;

    @Option(names = "--json", description = "Print one JSON object.")
    private boolean json;

    @Mixin
    private LabelsOption labels;

    @Mixin
    private FolderClasses folders;

    @Option(names = "--no-split", description = "Treat folders named train, val, test and the like as classes, not as parts of a split.")
    private boolean classesAlone;

    @Mixin
    private PreprocessOption preprocess;

    @Mixin
    private ThreadsOption threads;

    @Mixin
    private BatchOption batch;

    @Mixin
    private MergeOption merge;

    @Option(names = "--strict", description = "Stop at the first image that gives no result. Without this option, the others are evaluated and the exit code is 1.")
    private boolean strict;

    @ParentCommand
    private Vit vit;

    @Spec
    private CommandSpec spec;

    @Override
    public Integer call() throws CommandException, IOException {
        EvaluationData images = open();
        EvaluationFolder folder = output == null ? null : EvaluationFolder.open(output);
        try (LoadedModel loaded = LoadedModel.openClassifier(files, threads.count(), preprocess, vit)) {
            VitModel model = loaded.model();
            requireClasses(model.config());
            loaded.setMerging(merge.of(model.config()));
            List<String> notes = new ArrayList<>(images.notes());
            ImageFolder all = images.images();
            FolderClasses.Found found = folders.find(all.classes(), label -> IntStream.range(0, all.size()).anyMatch(i -> all.label(i) == label), labels.of(model),
                    model.config().classes());
            notes.addAll(found.notes());
            if (model.scores() == Scores.SIGMOID) {
                notes.add("the model gives each class a probability of its own, and here each image has one class: right is an image whose class has the highest of them,"
                        + " and the confidence is that probability. Cross-entropy is not defined");
            }
            List<String> names = found.labels().isEmpty() ? IntStream.range(0, model.config().classes()).mapToObj(String::valueOf).toList() : found.labels();
            Path root = images.part() == null ? data : images.part();
            EvaluationRun run = new EvaluationRun(root, IntStream.range(0, all.size()).map(i -> found.classes()[all.label(i)]).toArray(), names, model.scores());
            int code = new EachImage(vit, IntStream.range(0, all.size()).mapToObj(i -> ImageInput.of(all.file(i))).toList(), strict)
                    .run("evaluating", loaded, batch.count(), ImageWork.ofLogits(float[]::clone), run);
            report(new EvaluationReport(modelName(), root, notes, run), folder);
            return code;
        }
    }

    private EvaluationData open() throws CommandException, IOException {
        vit.status().show("listing " + data);
        try {
            return EvaluationData.open(data, classesAlone);
        } catch (InputException e) {
            throw new CommandException(e, DATA_HINT);
        } finally {
            vit.status().clear();
        }
    }

    private void report(EvaluationReport report, EvaluationFolder folder) throws CommandException {
        if (folder != null) {
            vit.status().show("drawing");
            folder.write(report);
            vit.status().clear();
        }
        PrintWriter out = spec.commandLine().getOut();
        if (json) {
            out.println(report.json());
        } else {
            new EvaluationText(out).print(report);
            if (folder != null) {
                folder.list(out);
            }
        }
        out.flush();
    }

    private String modelName() {
        return files.weights() == null ? "the model that ships" : files.weights().toString();
    }

    /** Refuses a head whose outputs do not choose a class. */
    private void requireClasses(VitConfig config) throws CommandException {
        if (config.isProjection()) {
            throw new CommandException(modelName() + ": the model's head gives embeddings of images, not the logits of classes",
                    "evaluate a model with a classification head; vit classify --classes names classes by the embeddings of their texts");
        }
        if (config.classes() == 1) {
            throw new CommandException(modelName() + ": the model has one label, whose probability it gives, so it never chooses between classes",
                    "evaluate a model of two classes or more; vit classify prints the probability of the label");
        }
    }
}
