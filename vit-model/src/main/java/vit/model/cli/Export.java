package vit.model.cli;

import java.io.IOException;
import java.nio.file.Path;
import java.util.Objects;
import java.util.concurrent.Callable;
import java.util.stream.Stream;
import picocli.CommandLine.Command;
import picocli.CommandLine.ITypeConverter;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParentCommand;
import picocli.CommandLine.TypeConversionException;
import vit.model.InputException;
import vit.model.StoredAs;
import vit.model.onnx.OnnxExport;
import vit.model.onnx.OnnxOperators;
import vit.model.weights.Weights;

/** {@code vit export}: the model as ONNX, for other runtimes. */
@Command(name = "export", description = "Write the model as ONNX, with input 'images' and output 'logits' or 'embeddings', for any batch size.")
final class Export implements Callable<Integer> {

    @Mixin
    private ModelFiles.Required files;

    @Option(names = "--output", paramLabel = "F", required = true, converter = OutputFileConverter.class,
            description = "The ONNX file to write. Above 2 GB, the weights go to F.data beside it.")
    private Path output;

    @Option(names = "--operators", paramLabel = "SET", defaultValue = "standard", description = "Operators to use: standard, which every runtime reads, or"
            + " onnxruntime, which has fused operators of its own; default: standard.", converter = OperatorsConverter.class)
    private OnnxOperators operators;

    @ParentCommand
    private Vit vit;

    @Override
    public Integer call() throws CommandException, IOException {
        if (files.options().weights() != StoredAs.FLOAT32) {
            throw new CommandException("--stored-as: an export holds the weights of the file in 32 bits, whatever is kept in memory", "leave --stored-as out");
        }
        OutputCheck.require(output, OutputCheck.Format.ONNX, Stream.of(files.weights(), files.config()).filter(Objects::nonNull).toList());
        boolean replaces = OutputCheck.replaces(output);
        vit.status().show("exporting " + files.weights());
        try (Weights source = files.open(vit.status())) {
            OnnxExport.write(source, output, operators);
        } catch (InputException e) {
            throw new CommandException(e, ModelFiles.hint(files.weights(), "vit inspect shows what a weight file holds"));
        } catch (IllegalArgumentException e) {
            throw new CommandException(files.weights() + ": the model cannot be exported: " + e.getMessage(), "only models of other kinds can be exported");
        }
        vit.status().clear();
        if (replaces) {
            vit.status().note(output + ": replaced the file that was there");
        }
        return Vit.DONE;
    }

    /** The names on the command line. */
    static final class OperatorsConverter implements ITypeConverter<OnnxOperators> {
        @Override
        public OnnxOperators convert(String name) {
            return switch (name) {
                case "standard" -> OnnxOperators.STANDARD;
                case "onnxruntime" -> OnnxOperators.ONNX_RUNTIME;
                default -> throw new TypeConversionException("expected standard or onnxruntime, found " + name);
            };
        }
    }
}
