package vit.model.cli;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.PriorityQueue;
import vit.model.config.Scores;
import vit.model.evaluate.Evaluation;
import vit.model.evaluate.Tally;

/** Counts how the images of an evaluation are classified, in their order, and keeps the worst mistakes. */
final class EvaluationRun implements EachImage.Results<float[]> {

    /** How many mistakes are kept. */
    static final int MOST_MISTAKES = 24;

    private final Path root;
    private final int[] truths; // class by image
    private final Tally tally;
    private final PriorityQueue<Mistake> worst = new PriorityQueue<>(Comparator.comparingDouble(Mistake::confidence)
            .thenComparing(Comparator.comparingInt(Mistake::index).reversed()));
    private final Map<String, String> failed = new LinkedHashMap<>();
    private final List<Row> rows = new ArrayList<>();
    private int next;

    /**
     * @param root   folder to which the names of images are relative
     * @param truths the class of each image
     */
    EvaluationRun(Path root, int[] truths, List<String> classes, Scores scores) {
        this.root = root;
        this.truths = truths;
        this.tally = new Tally(classes, scores);
    }

    /** An image that was classified wrongly; {@code index} is its place among all images. */
    record Mistake(int index, Path file, String name, int truth, int predicted, double confidence) {}

    /** How an image was classified. */
    record Row(String name, Tally.Outcome outcome) {}

    @Override
    public void good(ImageInput image, float[] logits) {
        Tally.Outcome outcome = tally.add(logits, 0, truths[next]);
        String name = name(image);
        rows.add(new Row(name, outcome));
        if (!outcome.isRight()) {
            worst.add(new Mistake(next, image.path(), name, outcome.truth(), outcome.predicted(), outcome.confidence()));
            if (worst.size() > MOST_MISTAKES) {
                worst.remove();
            }
        }
        next++;
    }

    @Override
    public void bad(ImageInput image, String fault) {
        failed.put(name(image), fault);
        next++;
    }

    private String name(ImageInput image) {
        return root.relativize(image.path()).toString();
    }

    Evaluation evaluation() {
        return tally.evaluation();
    }

    /** The images without a result, with the reasons. */
    Map<String, String> failed() {
        return failed;
    }

    /** All images with a result. */
    List<Row> rows() {
        return rows;
    }

    /** The most confident mistakes, the most confident first; of equal ones the earlier image. */
    List<Mistake> worst() {
        return worst.stream().sorted(Comparator.comparingDouble(Mistake::confidence).reversed().thenComparingInt(Mistake::index)).toList();
    }
}
