package vit.model.cli;

import java.io.IOException;
import java.nio.file.Path;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParentCommand;
import vit.model.InputException;
import vit.model.onnx.OnnxExport;
import vit.model.weights.Weights;

/** {@code vit export}: the model as ONNX, for other runtimes. */
@Command(name = "export", description = "Write the model as ONNX: input 'images', output 'logits', any batch.")
final class Export implements Callable<Integer> {

    @Option(names = "--weights", paramLabel = "F", required = true, description = "Weights of any known family.")
    private Path weights;

    @Option(names = "--config", paramLabel = "F", description = "Its configuration; default: the config.json beside it.")
    private Path config;

    @Option(names = "--output", paramLabel = "F", required = true,
            description = "The ONNX file to write; above 2 GB with the weights in F.data beside it.")
    private Path output;

    @ParentCommand
    private Vit vit;

    @Override
    public Integer call() throws CommandException, IOException {
        OutputOption.check(output, "model.onnx");
        vit.status().show("exporting " + weights);
        try (Weights source = Weights.open(weights, config)) {
            OnnxExport.write(source, output);
        } catch (InputException e) {
            throw new CommandException(e, ModelFiles.hint(weights, "vit inspect shows what a weight file holds"));
        } catch (IllegalArgumentException e) {
            throw new CommandException(weights + ": the model cannot be exported: " + e.getMessage(), "export models of other kinds");
        }
        vit.status().clear();
        return Vit.DONE;
    }
}
