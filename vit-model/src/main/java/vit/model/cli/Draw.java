package vit.model.cli;

import java.io.IOException;
import java.io.PrintWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.ParentCommand;
import picocli.CommandLine.Spec;
import vit.model.plot.Picture;
import vit.model.shapes.ShapeImage;
import vit.model.shapes.ShapeImages;
import vit.model.shapes.ShapeKind;

/** {@code vit draw}: labelled images to train on and to classify. */
@Command(name = "draw", description = {
    "Draw images of twelve kinds of shapes into a folder of class folders, which vit train accepts.",
    "The same seed draws the same images."})
final class Draw implements Callable<Integer> {

    private static final int MOST_IMAGES = 10_000_000;

    @Option(names = "--output", paramLabel = "DIR", required = true, description = "Folder for the class folders, created if necessary.")
    private Path output;

    @Option(names = "--images", paramLabel = "N", defaultValue = "1200", description = "Number of images of all classes together; default: ${DEFAULT-VALUE}.")
    private int images;

    @Option(names = "--side", paramLabel = "PIXELS", defaultValue = "48", description = "Height and width of an image; default: ${DEFAULT-VALUE}.")
    private int side;

    @Option(names = "--difficulty", paramLabel = "X", defaultValue = "1",
            description = "From 0 (large, plain, clean) to 1 (textured, cluttered, noisy); default: ${DEFAULT-VALUE}.")
    private double difficulty;

    @Option(names = "--seed", paramLabel = "S", defaultValue = "1", description = "Seed of the images; default: ${DEFAULT-VALUE}.")
    private long seed;

    @ParentCommand
    private Vit vit;

    @Spec
    private CommandSpec spec;

    @Override
    public Integer call() throws CommandException, IOException {
        if (images < 1 || images > MOST_IMAGES) {
            throw new ParameterException(spec.commandLine(), "Invalid value for option '--images': expected 1 to " + MOST_IMAGES + ", found " + images);
        }
        ShapeImages drawing;
        try {
            drawing = new ShapeImages(seed, side, difficulty);
        } catch (IllegalArgumentException e) {
            throw new ParameterException(spec.commandLine(), "Invalid option: " + e.getMessage());
        }
        OutputCheck.makeFolder(output);
        int digits = String.valueOf(images - 1).length();
        for (int i = 0; i < images; i++) {
            vit.status().show("drawing image " + (i + 1) + " of " + images);
            ShapeImage shape = drawing.image(i);
            String number = String.valueOf(i);
            write(shape, output.resolve(shape.kind().label()).resolve("0".repeat(digits - number.length()) + number + ".png"));
        }
        vit.status().clear();
        PrintWriter out = spec.commandLine().getOut();
        out.println(images + " images of " + Math.min(images, ShapeKind.values().length) + " kinds in " + output);
        return Vit.DONE;
    }

    private static void write(ShapeImage shape, Path file) throws CommandException {
        try {
            Files.createDirectories(file.getParent());
            Picture.of(shape.image()).write(file);
        } catch (IOException e) {
            throw new CommandException(file + ": the image cannot be written: " + FaultReport.reason(e), "name another folder with --output");
        }
    }
}
