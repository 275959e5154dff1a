package vit.model.cli;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import vit.model.evaluate.Calibration;
import vit.model.evaluate.ConfusionMatrix;
import vit.model.evaluate.Evaluation;
import vit.model.json.Json;

/** The result of an evaluation, with everything that is said about it. */
final class EvaluationReport {

    private final String model;
    private final Path data;
    private final List<String> notes;
    private final EvaluationRun run;
    private final Evaluation evaluation;

    EvaluationReport(String model, Path data, List<String> notes, EvaluationRun run) {
        this.model = model;
        this.data = data;
        this.notes = notes;
        this.run = run;
        this.evaluation = run.evaluation();
    }

    Evaluation evaluation() {
        return evaluation;
    }

    EvaluationRun run() {
        return run;
    }

    String model() {
        return model;
    }

    Path data() {
        return data;
    }

    /** Sentences about what was assumed and left out. */
    List<String> notes() {
        return notes;
    }

    String label(int c) {
        return evaluation.classes().get(c);
    }

    /** How the bins of the calibration are made. */
    String binning() {
        return evaluation.calibration().bins().size() + " bins of equal width";
    }

    /** Everything as one JSON object. Shares are 0 to 1; what is not defined is null. */
    String json() {
        ConfusionMatrix confusion = evaluation.confusion();
        Map<String, Object> object = new LinkedHashMap<>();
        object.put("model", model);
        object.put("data", data.toString());
        object.put("notes", notes);
        object.put("classes", evaluation.classes().size());
        object.put("images", evaluation.images());
        object.put("failed", run.failed().entrySet().stream().map(entry -> fields("file", entry.getKey(), "error", entry.getValue())).toList());
        object.put("top1", evaluation.top1());
        object.put("top5", evaluation.top5());
        object.put("top5_classes", evaluation.topClasses());
        object.put("loss", evaluation.loss());
        object.put("macro", fields("classes", confusion.present().length, "precision", confusion.macroPrecision(), "recall", confusion.macroRecall(),
                "f1", confusion.macroF1()));
        object.put("calibration", calibration(evaluation.calibration()));
        object.put("per_class", perClass(confusion));
        object.put("confusion", confusion.cells().stream().map(cell -> fields("truth", cell.truth(), "predicted", cell.predicted(), "images", cell.images())).toList());
        object.put("most_confused", confusion.mostConfused(10).stream().map(cell -> fields("truth", label(cell.truth()), "predicted", label(cell.predicted()),
                "images", cell.images())).toList());
        object.put("worst", run.worst().stream().map(mistake -> fields("file", mistake.name(), "truth", label(mistake.truth()), "predicted", label(mistake.predicted()),
                "confidence", mistake.confidence())).toList());
        return Json.write(object);
    }

    private Map<String, Object> calibration(Calibration calibration) {
        List<Object> bins = calibration.bins().stream().<Object>map(bin -> fields("from", bin.from(), "to", bin.to(), "images", bin.images(),
                "confidence", bin.confidence(), "accuracy", bin.accuracy())).toList();
        return fields("binning", binning(), "expected_error", calibration.expectedError(), "maximum_error", calibration.maximumError(),
                "confidence", calibration.confidence(), "bins", bins);
    }

    /** The classes that have images or as which an image was classified. */
    private List<Object> perClass(ConfusionMatrix confusion) {
        List<Object> classes = new ArrayList<>();
        for (int c = 0; c < confusion.classes().size(); c++) {
            if (confusion.support(c) > 0 || confusion.predicted(c) > 0) {
                classes.add(fields("class", c, "label", label(c), "images", confusion.support(c), "predicted", confusion.predicted(c),
                        "precision", confusion.precision(c), "recall", confusion.recall(c), "f1", confusion.f1(c)));
            }
        }
        return classes;
    }

    private static Map<String, Object> fields(Object... namesAndValues) {
        Map<String, Object> fields = new LinkedHashMap<>();
        for (int i = 0; i < namesAndValues.length; i += 2) {
            fields.put((String) namesAndValues[i], namesAndValues[i + 1]);
        }
        return fields;
    }
}
