package vit.model.cli;

import java.io.IOException;
import java.io.PrintWriter;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.ParentCommand;
import picocli.CommandLine.Spec;
import vit.model.InputException;
import vit.model.LoadOptions;
import vit.model.VitModel;
import vit.model.weights.Weights;
import vit.model.weights.format.TensorEntry;
import vit.model.weights.format.TensorFile;

/** {@code vit compare}: compares the model with another program's results. */
@Command(name = "compare", description = {
    "Run the model on the images of a reference file and compare the results with the tensors of the file.",
    "Prints name, shape, max abs error, scale and error/scale of each tensor. The exit code is 1 if an error/scale exceeds the tolerance."})
final class Compare implements Callable<Integer> {

    @Mixin
    private ModelFiles.Required files;

    @Mixin
    private ThreadsOption threads;

    @Option(names = "--reference", paramLabel = "F", required = true,
            description = "A safetensors or npz file with 'images' and any of 'stage.tokens', 'stage.block.<i>', 'logits'.")
    private Path reference;

    @Option(names = "--gradients", description = "Also compare 'loss', 'grad.images' and 'grad.<weight name>'.")
    private boolean gradients;

    @Option(names = "--tolerance", paramLabel = "E", defaultValue = "1e-4",
            description = "Largest error/scale that passes; default: ${DEFAULT-VALUE}.")
    private double tolerance;

    @ParentCommand
    private Vit vit;

    @Spec
    private CommandSpec spec;

    @Override
    public Integer call() throws CommandException, IOException {
        if (!(tolerance >= 0 && tolerance < Double.POSITIVE_INFINITY)) {
            throw new ParameterException(spec.commandLine(),
                    "Invalid value for option '--tolerance': expected a number from 0, found " + tolerance);
        }
        List<Comparison.Row> rows = compare();
        print(rows);
        return rows.stream().allMatch(row -> row.within(tolerance)) ? Vit.DONE : Vit.DIFFERENT;
    }

    private List<Comparison.Row> compare() throws CommandException, IOException {
        Comparison comparison = new Comparison();
        if (gradients && files.options().weights().rounds()) {
            throw new CommandException("--gradients: training keeps weights in 32 bits and rounds none of them", "leave --stored-as or --gradients out");
        }
        try (TensorFile file = TensorFile.open(reference)) {
            LoadOptions options = options(file);
            try (VitModel model = files.loadNamed(vit.status(), options)) {
                vit.status().show("comparing with " + reference);
                new ForwardCheck(file, model, threads.count()).run(comparison);
            }
            if (gradients) {
                compareGradients(file, options, comparison);
            }
            return comparison.rows();
        } catch (InputException e) {
            throw new CommandException(e, ModelFiles.hint(reference, "a reference holds 'images' (B, channels, H, W) of the model's size and the results to compare"));
        } finally {
            vit.status().clear();
        }
    }

    /** The image that is asked for; else, where the weights' library takes images of any size, that of the reference. */
    private LoadOptions options(TensorFile file) throws IOException {
        TensorEntry images = file.find("images");
        if (files.options().hasImage() || images == null || images.shape().rank() != 4 || images.shape().size() == 0) {
            return files.options();
        }
        try (Weights weights = Weights.open(files.weights(), files.config())) {
            return weights.takesAnyImage() ? files.options().withImage(images.shape().dimension(2), images.shape().dimension(3)) : files.options();
        } catch (InputException e) {
            return files.options(); // loading says what is wrong
        }
    }

    private void compareGradients(TensorFile file, LoadOptions options, Comparison comparison) throws CommandException, IOException {
        try (Weights weights = Weights.open(files.weights(), files.config(), options)) {
            new GradientCheck(file, weights, threads.count()).run(comparison);
        } catch (IllegalArgumentException e) {
            throw new CommandException("--gradients: " + e.getMessage(), "leave --gradients out to compare the forward pass");
        }
    }

    private void print(List<Comparison.Row> rows) {
        PrintWriter out = spec.commandLine().getOut();
        TextTable table = new TextTable("llrrrl").row("tensor", "shape", "max abs error", "scale", "error/scale", "");
        Comparison.Row worst = rows.getFirst();
        for (Comparison.Row row : rows) {
            table.row(row.name(), row.shape().toString().replace(" ", ""), number(row.error()), number(row.scale()),
                    number(row.relative()), row.within(tolerance) ? "" : "exceeds");
            worst = worst.relative() >= row.relative() ? worst : row; // NaN counts as the worst
        }
        table.print(out, "");
        long exceeding = rows.stream().filter(row -> !row.within(tolerance)).count();
        out.printf(Locale.ROOT, "%d of %d tensors within %s; worst %s at %s%n", rows.size() - exceeding, rows.size(), number(tolerance),
                number(worst.relative()), worst.name());
    }

    private static String number(double value) {
        return String.format(Locale.ROOT, "%.2e", value);
    }
}
