package vit.model.cli;

import java.io.IOException;
import java.util.List;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.ParentCommand;
import vit.kernels.tensor.Shape;

/** {@code vit logits}: the logits of images, as a safetensors file. */
@Command(name = "logits", description = {
    "Write the logits of images, (B, classes) float32, as safetensors tensor 'logits'.",
    "Row i belongs to image i. The row of an image that gives no result holds NaN."})
final class Logits implements Callable<Integer> {

    @Mixin
    private ModelFiles.OrShipped files;

    @Mixin
    private PreprocessOption preprocess;

    @Mixin
    private ThreadsOption threads;

    @Mixin
    private OutputOption output;

    @Mixin
    private ImageArguments images;

    @ParentCommand
    private Vit vit;

    @Override
    public Integer call() throws CommandException, IOException {
        List<ImageInput> inputs = images.images(vit);
        output.check(files.weights(), files.config(), inputs);
        try (LoadedModel loaded = LoadedModel.openClassifier(files, threads.count(), preprocess, vit)) {
            return output.write(vit, "logits", Shape.of(loaded.config().classes()), inputs, images.isStrict(),
                    (each, rows) -> each.run("computing", loaded, 1, ImageWork.ofLogits(float[]::clone), rows));
        }
    }
}
