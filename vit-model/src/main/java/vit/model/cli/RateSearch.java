package vit.model.cli;

import java.io.IOException;
import java.io.PrintWriter;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.Locale;
import picocli.CommandLine;
import picocli.CommandLine.ParameterException;
import vit.model.train.DivergedException;
import vit.model.train.LearningRateFinder;
import vit.model.train.LearningRateFinder.Point;
import vit.model.train.LearningRateFinder.Result;
import vit.model.train.Recipe;
import vit.model.train.TrainerOptions;
import vit.model.train.data.Split;
import vit.model.train.plot.RateCurve;
import vit.model.weights.format.AtomicFile;

/** {@code vit train --find-lr}: the learning rate range test, its picture and its table. */
final class RateSearch {

    private static final double FROM = 1e-7;
    private static final double TO = 1;
    private static final int STEPS = 140; // 20 for each power of ten

    private final CommandLine command;
    private final StatusLine status;

    RateSearch(CommandLine command, StatusLine status) {
        this.command = command;
        this.status = status;
    }

    /** Runs the test and writes {@code lr.png} and {@code lr.csv} to the folder. */
    void run(StartOptions.Start start, Split split, Recipe recipe, TrainerOptions options, Path folder)
            throws CommandException, IOException, DivergedException {
        OutputCheck.makeFolder(folder);
        PrintWriter out = command.getOut();
        Result found;
        try (CommandBar bar = CommandBar.training(command.getErr(), status, 0, STEPS)) {
            found = LearningRateFinder.run(start.source(), split, start.preprocessing(), recipe, options, FROM, TO, STEPS,
                    (step, steps, loss) -> bar.step(step, String.format(Locale.ROOT, "loss %.3f", loss)));
        } catch (IllegalArgumentException e) {
            throw new ParameterException(command, "Invalid model: " + e.getMessage());
        }
        StringBuilder table = new StringBuilder("learning_rate,loss,smoothed_loss\n");
        for (Point point : found.points()) {
            table.append(String.format(Locale.ROOT, "%.6e,%.6f,%.6f\n", point.rate(), point.loss(), point.smoothed()));
        }
        AtomicFile.write(folder.resolve("lr.csv"), table.toString().getBytes(StandardCharsets.UTF_8));
        RateCurve.draw(found).write(folder.resolve("lr.png"));
        out.printf(Locale.ROOT, "%d steps with learning rates from %.1e to %.1e%n", found.points().size(), FROM, found.points().getLast().rate());
        out.printf(Locale.ROOT, "suggested: --lr %.1e, where the loss falls most steeply, but at most a tenth of the rate with the least loss%n", found.suggested());
        out.println("picture: " + folder.resolve("lr.png") + "; all steps: " + folder.resolve("lr.csv"));
        out.flush();
    }
}
