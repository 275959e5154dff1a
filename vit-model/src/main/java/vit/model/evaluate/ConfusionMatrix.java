package vit.model.evaluate;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.function.IntToDoubleFunction;
import java.util.stream.IntStream;

/**
 * How many images of each class were classified as each class, and the figures per class that follow. Only cells that are not zero take memory, so a
 * model may have tens of thousands of classes. Immutable.
 *
 * <pre>
 *   precision of c   images of c classified as c / all images classified as c        NaN if none was classified as c
 *   recall of c      images of c classified as c / all images of c                   NaN if there is no image of c
 *   F1 of c          2 · images of c classified as c / (images of c + images classified as c)
 * </pre>
 */
public final class ConfusionMatrix {

    private final List<String> classes;
    private final Map<Long, Integer> cells; // truth · classes + predicted → images
    private final int[] support; // (classes)
    private final int[] predicted; // (classes)
    private final int images;
    private final int right;

    /** @param cells ascending; copied */
    ConfusionMatrix(List<String> classes, Map<Long, Integer> cells) {
        this.classes = List.copyOf(classes);
        this.cells = new TreeMap<>(cells);
        this.support = new int[classes.size()];
        this.predicted = new int[classes.size()];
        int correct = 0;
        for (Cell cell : cells()) {
            support[cell.truth] += cell.images;
            predicted[cell.predicted] += cell.images;
            correct += cell.truth == cell.predicted ? cell.images : 0;
        }
        this.images = IntStream.of(support).sum();
        this.right = correct;
    }

    /**
     * The matrix with these counts.
     *
     * @param classes names
     * @param counts  (classes, classes): how many images of the row's class were classified as the column's class
     * @throws IllegalArgumentException if there are no classes, a count is negative, or the counts have another shape
     */
    public static ConfusionMatrix of(List<String> classes, int[][] counts) {
        if (classes.isEmpty() || counts.length != classes.size()) {
            throw new IllegalArgumentException(counts.length + " rows for " + classes.size() + " classes");
        }
        Map<Long, Integer> cells = new TreeMap<>();
        for (int truth = 0; truth < counts.length; truth++) {
            if (counts[truth].length != classes.size()) {
                throw new IllegalArgumentException(counts[truth].length + " columns for " + classes.size() + " classes");
            }
            for (int guess = 0; guess < counts.length; guess++) {
                if (counts[truth][guess] < 0) {
                    throw new IllegalArgumentException("count " + counts[truth][guess] + "; expected 0 or more");
                }
                if (counts[truth][guess] > 0) {
                    cells.put(key(truth, guess, classes.size()), counts[truth][guess]);
                }
            }
        }
        return new ConfusionMatrix(classes, cells);
    }

    static long key(int truth, int predicted, int classes) {
        return (long) truth * classes + predicted;
    }

    /**
     * A cell that is not zero.
     *
     * @param truth     the class of the images
     * @param predicted the class that the model chose
     * @param images    how many, at least one
     */
    public record Cell(int truth, int predicted, int images) {}

    /** The names of the classes. */
    public List<String> classes() {
        return classes;
    }

    /** The cells that are not zero, by true class and then by predicted class. */
    public List<Cell> cells() {
        List<Cell> list = new ArrayList<>(cells.size());
        cells.forEach((key, count) -> list.add(new Cell((int) (key / classes.size()), (int) (key % classes.size()), count)));
        return list;
    }

    /** How many images of class {@code truth} were classified as {@code guess}. */
    public int count(int truth, int guess) {
        return cells.getOrDefault(key(truth, guess, classes.size()), 0);
    }

    /** The number of images. */
    public int images() {
        return images;
    }

    /** How many images were classified as what they are. */
    public int right() {
        return right;
    }

    /** The share of the images that were classified as what they are: top-1 accuracy; NaN without images. */
    public double accuracy() {
        return ratio(right, images);
    }

    /** The number of images of a class. */
    public int support(int c) {
        return support[c];
    }

    /** How many images were classified as this class. */
    public int predicted(int c) {
        return predicted[c];
    }

    /** The classes that have images, ascending. */
    public int[] present() {
        return IntStream.range(0, classes.size()).filter(c -> support[c] > 0).toArray();
    }

    /** The share of the images classified as {@code c} that are of {@code c}; NaN if there are none. */
    public double precision(int c) {
        return ratio(count(c, c), predicted[c]);
    }

    /** The share of the images of {@code c} that were classified as {@code c}; NaN if there are none. */
    public double recall(int c) {
        return ratio(count(c, c), support[c]);
    }

    /** The harmonic mean of precision and recall; NaN if the class has no images and none was classified as it. */
    public double f1(int c) {
        return ratio(2 * count(c, c), support[c] + predicted[c]);
    }

    /** The mean of the precisions of the classes that have images; a class as which nothing was classified counts as 0. NaN without images. */
    public double macroPrecision() {
        return macro(this::precision);
    }

    /** The mean of the recalls of the classes that have images, also called balanced accuracy; NaN without images. */
    public double macroRecall() {
        return macro(this::recall);
    }

    /** The mean of the F1 of the classes that have images; NaN without images. */
    public double macroF1() {
        return macro(this::f1);
    }

    private double macro(IntToDoubleFunction figure) {
        double sum = 0;
        int[] present = present();
        for (int c : present) {
            double value = figure.applyAsDouble(c);
            sum += Double.isNaN(value) ? 0 : value;
        }
        return present.length == 0 ? Double.NaN : sum / present.length;
    }

    /** At most {@code limit} pairs of different classes, those with the most images first; of equal ones, by class. */
    public List<Cell> mostConfused(int limit) {
        return cells().stream().filter(cell -> cell.truth != cell.predicted).sorted(Comparator.comparingInt(Cell::images).reversed()).limit(limit).toList();
    }

    private static double ratio(int part, int whole) {
        return whole == 0 ? Double.NaN : (double) part / whole;
    }

    @Override
    public boolean equals(Object other) {
        return other instanceof ConfusionMatrix matrix && matrix.classes.equals(classes) && matrix.cells.equals(cells);
    }

    @Override
    public int hashCode() {
        return 31 * classes.hashCode() + cells.hashCode();
    }

    @Override
    public String toString() {
        return right + " of " + images + " images right, " + classes.size() + " classes";
    }
}
