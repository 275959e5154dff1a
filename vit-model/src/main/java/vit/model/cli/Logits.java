package vit.model.cli;

import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.ParentCommand;
import vit.kernels.tensor.Shape;
import vit.model.weights.SafetensorsWriter;

/** {@code vit logits}: what the model says of images, as a safetensors file. */
@Command(name = "logits", description = "Write the logits of images, (B, classes) float32, as safetensors tensor 'logits'.")
final class Logits implements Callable<Integer> {

    @Mixin
    private ModelFiles files;

    @Mixin
    private PreprocessOption preprocess;

    @Mixin
    private ThreadsOption threads;

    @Mixin
    private OutputOption output;

    @Parameters(paramLabel = "IMAGE", arity = "1..*", description = "Image files.")
    private List<Path> images;

    @ParentCommand
    private Vit vit;

    @Override
    public Integer call() throws CommandException, IOException {
        output.check();
        try (Classifier classifier = Classifier.open(files, threads.count(), preprocess, vit.status())) {
            int classes = classifier.model().config().classes();
            try (SafetensorsWriter writer = output.open("logits", Shape.of(images.size(), classes))) {
                for (Path image : images) {
                    vit.status().show("computing " + image);
                    writer.write(classifier.logits(image), 0, classes);
                }
                writer.commit();
            }
        }
        vit.status().clear();
        return Vit.DONE;
    }
}
