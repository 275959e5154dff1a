package vit.model.cli;

import java.io.PrintWriter;
import java.util.Arrays;
import java.util.Comparator;
import java.util.List;
import java.util.Locale;
import java.util.stream.IntStream;
import vit.model.evaluate.ConfusionMatrix;
import vit.model.evaluate.Evaluation;
import vit.model.text.PrintableText;

/** Prints the result of an evaluation for people. */
final class EvaluationText {

    private static final int MOST_LISTED = 30; // classes in the table; of more, the worst
    private static final int WORST_CLASSES = 15;
    private static final int MOST_IN_MATRIX = 20;
    private static final int PAIRS = 10;
    private static final int MISTAKES = 8;
    private static final int LONGEST_NAME = 40;

    private final PrintWriter out;

    EvaluationText(PrintWriter out) {
        this.out = out;
    }

    void print(EvaluationReport report) {
        Evaluation evaluation = report.evaluation();
        ConfusionMatrix confusion = evaluation.confusion();
        for (String note : report.notes()) {
            out.println(PrintableText.line(note));
        }
        int present = confusion.present().length;
        out.println(PrintableText.line(evaluation.images() + (evaluation.images() == 1 ? " image" : " images") + " of " + present + (present == 1 ? " class" : " classes") + " in "
                + report.data() + ", " + report.model() + " has " + evaluation.classes().size() + " classes"));
        report.run().failed().forEach((file, fault) -> out.println("  error: " + PrintableText.line(fault)));
        out.println();
        figures(report);
        if (evaluation.images() == 0) {
            return;
        }
        classes(report);
        if (evaluation.classes().size() <= MOST_IN_MATRIX) {
            matrix(report);
        }
        pairs(report);
        mistakes(report);
    }

    private void figures(EvaluationReport report) {
        Evaluation evaluation = report.evaluation();
        TextTable table = new TextTable("lrl");
        table.row("top-1", four(evaluation.top1()), "");
        table.row("top-" + Evaluation.TOP, four(evaluation.top5()), evaluation.topClasses() < Evaluation.TOP
                ? "all " + evaluation.topClasses() + " classes of the model count" : "");
        table.row("cross-entropy", four(evaluation.loss()), "");
        table.row("mean confidence", four(evaluation.calibration().confidence()), "");
        table.row("expected calibration error", four(evaluation.calibration().expectedError()), report.binning());
        table.print(out, "");
    }

    private void classes(EvaluationReport report) {
        ConfusionMatrix confusion = report.evaluation().confusion();
        int[] used = IntStream.range(0, confusion.classes().size()).filter(c -> confusion.support(c) > 0 || confusion.predicted(c) > 0).toArray();
        boolean all = used.length <= MOST_LISTED;
        List<Integer> listed = all ? Arrays.stream(used).boxed().toList()
                : Arrays.stream(confusion.present()).boxed().sorted(Comparator.comparingDouble(confusion::f1)).limit(WORST_CLASSES).toList();
        out.println();
        out.println(all ? "classes" : "the " + listed.size() + " worst classes by F1");
        TextTable table = new TextTable("lrrrr").row("", "images", "precision", "recall", "F1");
        for (int c : listed) {
            table.row(name(report, c), confusion.support(c), three(confusion.precision(c)), three(confusion.recall(c)), three(confusion.f1(c)));
        }
        table.row("mean of " + confusion.present().length + " with images", confusion.images(), three(confusion.macroPrecision()), three(confusion.macroRecall()),
                three(confusion.macroF1()));
        table.print(out, "  ");
    }

    private void matrix(EvaluationReport report) {
        ConfusionMatrix confusion = report.evaluation().confusion();
        int classes = confusion.classes().size();
        out.println();
        out.println("confusion: a row is the true class, a column the number of the class that the model chose");
        TextTable table = new TextTable("lr" + "r".repeat(classes));
        Object[] head = new Object[classes + 2];
        Arrays.setAll(head, i -> i < 2 ? "" : String.valueOf(i - 2));
        table.row(head);
        for (int truth = 0; truth < classes; truth++) {
            Object[] row = new Object[classes + 2];
            row[0] = name(report, truth).equals(String.valueOf(truth)) ? "" : name(report, truth);
            row[1] = truth;
            for (int c = 0; c < classes; c++) {
                row[c + 2] = confusion.count(truth, c) == 0 ? "." : String.valueOf(confusion.count(truth, c));
            }
            table.row(row);
        }
        table.print(out, "  ");
    }

    private void pairs(EvaluationReport report) {
        ConfusionMatrix confusion = report.evaluation().confusion();
        List<ConfusionMatrix.Cell> pairs = confusion.mostConfused(PAIRS);
        if (pairs.isEmpty()) {
            return;
        }
        out.println();
        out.println("most confused");
        TextTable table = new TextTable("rlrl");
        for (ConfusionMatrix.Cell cell : pairs) {
            table.row(cell.images(), "of " + confusion.support(cell.truth()), name(report, cell.truth()), "taken for " + name(report, cell.predicted()));
        }
        table.print(out, "  ");
    }

    private void mistakes(EvaluationReport report) {
        List<EvaluationRun.Mistake> worst = report.run().worst();
        if (worst.isEmpty()) {
            return;
        }
        out.println();
        out.println("wrong, and most sure of it");
        TextTable table = new TextTable("rll");
        for (EvaluationRun.Mistake mistake : worst.subList(0, Math.min(MISTAKES, worst.size()))) {
            table.row(four(mistake.confidence()), mistake.name(), "taken for " + name(report, mistake.predicted()));
        }
        table.print(out, "  ");
    }

    private static String name(EvaluationReport report, int c) {
        return PrintableText.cut(PrintableText.line(report.label(c)), LONGEST_NAME);
    }

    private static String four(double value) {
        return Double.isNaN(value) ? "-" : String.format(Locale.ROOT, "%.4f", value);
    }

    private static String three(double value) {
        return Double.isNaN(value) ? "-" : String.format(Locale.ROOT, "%.3f", value);
    }
}
