package vit.model.cli;

import java.io.IOException;
import java.util.List;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParentCommand;
import picocli.CommandLine.Spec;
import vit.model.FeatureRequest;
import vit.model.Prediction;
import vit.model.VitModel;
import vit.model.config.VitConfig;

/** {@code vit classify}: the most probable classes of photos. */
@Command(name = "classify", description = "Name the most probable classes of images.")
final class Classify implements Callable<Integer> {

    @Mixin
    private ModelFiles.OrShipped files;

    @Mixin
    private PreprocessOption preprocess;

    @Mixin
    private ThreadsOption threads;

    @Mixin
    private LabelsOption labels;

    @Mixin
    private TextClasses classes;

    @Mixin
    private TopOption top;

    @Option(names = "--json", description = "Print one JSON object.")
    private boolean json;

    @Mixin
    private BatchOption batch;

    @Mixin
    private MergeOption merge;

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
        try (LoadedModel loaded = LoadedModel.openClassifier(files, threads.count(), preprocess, vit)) {
            VitModel model = loaded.model();
            requireClasses(model.config());
            loaded.setMerging(merge.of(model.config()));
            List<String> names = labels.of(model);
            ImageWork<Prediction> work = ImageWork.ofLogits(logits -> Prediction.of(logits, 0, logits.length, names, top.count(), model.scores()));
            return new EachImage(vit, inputs, images.isStrict()).run("classifying", loaded, batch.count(), work,
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
            loaded.setMerging(merge.of(loaded.config()));
            TextClasses.Texts texts = classes.read(loaded.config(), files.weights(), labels.file());
            ImageWork<Prediction> work = ImageWork.ofFeatures(FeatureRequest.embedding(), features -> texts.of(features, top.count()));
            return new EachImage(vit, inputs, images.isStrict()).run("classifying", loaded, 1, work, ClassifyReport.to(spec.commandLine().getOut(), json));
        }
    }
}
