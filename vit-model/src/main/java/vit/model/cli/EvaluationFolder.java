package vit.model.cli;

import java.io.IOException;
import java.io.PrintWriter;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import vit.model.evaluate.plot.ConfusionPicture;
import vit.model.evaluate.plot.MistakeSheet;
import vit.model.evaluate.plot.ReliabilityDiagram;
import vit.model.image.format.ImageDecoder;
import vit.model.plot.Picture;
import vit.model.weights.format.AtomicFile;

/** The files that {@code vit evaluate --output} writes. */
final class EvaluationFolder {

    private final PictureFolder pictures;

    private EvaluationFolder(PictureFolder pictures) {
        this.pictures = pictures;
    }

    /** Opens the folder, and creates it if necessary, before any work is done. */
    static EvaluationFolder open(Path folder) throws CommandException {
        return new EvaluationFolder(PictureFolder.open(folder));
    }

    /** Writes all files. */
    void write(EvaluationReport report) throws CommandException {
        pictures.write("confusion.png", "which class was taken for which", ConfusionPicture.draw(report.evaluation().confusion()));
        pictures.write("calibration.png", "whether the model is right as often as it says", ReliabilityDiagram.draw(report.evaluation().calibration()));
        mistakes(report);
        write("predictions.csv", predictions(report));
        write("evaluation.json", report.json() + "\n");
    }

    private void mistakes(EvaluationReport report) throws CommandException {
        List<MistakeSheet.Mistake> mistakes = new ArrayList<>();
        for (EvaluationRun.Mistake mistake : report.run().worst()) {
            try {
                mistakes.add(new MistakeSheet.Mistake(Picture.of(ImageDecoder.decode(mistake.file())), mistake.file().getFileName().toString(),
                        report.label(mistake.truth()), report.label(mistake.predicted()), mistake.confidence()));
            } catch (IOException e) {
                pictures.omit(mistake.name(), "the image can no longer be read");
            }
        }
        if (mistakes.isEmpty()) {
            pictures.omit("mistakes.png", "there are none");
        } else {
            int all = report.evaluation().images() - report.evaluation().confusion().right();
            pictures.write("mistakes.png", "the mistakes of which the model was most sure", MistakeSheet.draw(mistakes, all));
        }
    }

    private void write(String name, String text) throws CommandException {
        Path file = pictures.resolve(name);
        try {
            AtomicFile.write(file, text.getBytes(StandardCharsets.UTF_8));
        } catch (IOException e) {
            throw new CommandException(file + ": the file cannot be written: " + FaultReport.reason(e), "name another folder with --output");
        }
    }

    /** One line per image with a result, in the order of the images. */
    private static String predictions(EvaluationReport report) {
        StringBuilder text = new StringBuilder("file,truth,predicted,rank,confidence\n");
        for (EvaluationRun.Row row : report.run().rows()) {
            text.append(cell(row.name())).append(',').append(cell(report.label(row.outcome().truth()))).append(',').append(cell(report.label(row.outcome().predicted())))
                    .append(',').append(row.outcome().rank() + 1).append(',').append(row.outcome().confidence()).append('\n');
        }
        return text.toString();
    }

    /** A cell as RFC 4180 writes it. */
    private static String cell(String text) {
        return text.matches("[^\",\r\n]*") ? text : '"' + text.replace("\"", "\"\"") + '"';
    }

    /** Prints which files there are. */
    void list(PrintWriter out) {
        out.println();
        pictures.list(out);
        out.println("  predictions.csv  how each image was classified");
        out.println("  evaluation.json  all figures, as --json prints them");
    }
}
