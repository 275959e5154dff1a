package vit.model.evaluate;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.List;
import java.util.stream.IntStream;
import net.jqwik.api.Arbitraries;
import net.jqwik.api.Arbitrary;
import net.jqwik.api.Assume;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.Provide;
import org.junit.jupiter.api.Test;
import vit.model.config.Scores;

/** The figures of an evaluation against values computed by hand, and the rules that hold for any of them. */
class TallyTest {

    private static final List<String> ABC = List.of("a", "b", "c");

    private static List<String> names(int classes) {
        return IntStream.range(0, classes).mapToObj(c -> "class " + c).toList();
    }

    /** Logits whose softmax is the given probabilities. */
    private static float[] logits(double... probabilities) {
        float[] logits = new float[probabilities.length];
        for (int c = 0; c < logits.length; c++) {
            logits[c] = (float) Math.log(probabilities[c]);
        }
        return logits;
    }

    @Test
    void figuresAreThoseComputedByHand() {
        Tally tally = new Tally(ABC, Scores.SOFTMAX);
        tally.add(logits(0.7, 0.2, 0.1), 0, 0); // right
        tally.add(logits(0.6, 0.3, 0.1), 0, 0); // right
        tally.add(logits(0.1, 0.8, 0.1), 0, 0); // a taken for b
        tally.add(logits(0.2, 0.5, 0.3), 0, 1); // right
        tally.add(logits(0.9, 0.05, 0.05), 0, 2); // c taken for a
        Evaluation e = tally.evaluation();
        assertEquals(5, e.images());
        assertEquals(3.0 / 5, e.top1());
        assertEquals(1, e.top5());
        assertEquals(3, e.topClasses());
        assertEquals(-(Math.log(0.7) + Math.log(0.6) + Math.log(0.1) + Math.log(0.5) + Math.log(0.05)) / 5, e.loss(), 1e-6);
        ConfusionMatrix m = e.confusion();
        assertEquals(2.0 / 3, m.precision(0)); // a, a, c were taken for a
        assertEquals(2.0 / 3, m.recall(0));
        assertEquals(2.0 / 3, m.f1(0));
        assertEquals(0.5, m.precision(1));
        assertEquals(1, m.recall(1));
        assertEquals(2.0 / 3, m.f1(1));
        assertTrue(Double.isNaN(m.precision(2)));
        assertEquals(0, m.recall(2));
        assertEquals(0, m.f1(2));
        assertEquals((2.0 / 3 + 0.5 + 0) / 3, m.macroPrecision(), 1e-15);
        assertEquals((2.0 / 3 + 1 + 0) / 3, m.macroRecall(), 1e-15);
        assertEquals(4.0 / 9, m.macroF1(), 1e-15);
        assertEquals(List.of(new ConfusionMatrix.Cell(0, 1, 1), new ConfusionMatrix.Cell(2, 0, 1)), m.mostConfused(10));
        // Fifteen bins: 0.5 in (7/15, 8/15], 0.6 in (8/15, 9/15], 0.7 in (10/15, 11/15], 0.8 in (11/15, 12/15], 0.9 in (13/15, 14/15].
        assertEquals((0.3 + 0.4 + 0.8 + 0.5 + 0.9) / 5, e.calibration().expectedError(), 1e-6);
        assertEquals(0.9, e.calibration().maximumError(), 1e-6);
        assertEquals((0.7 + 0.6 + 0.8 + 0.5 + 0.9) / 5, e.calibration().confidence(), 1e-6);
    }

    @Test
    void imagesOfOneBinAreComparedTogether() {
        Tally tally = new Tally(List.of("a", "b"), Scores.SOFTMAX);
        for (int i = 0; i < 10; i++) {
            tally.add(logits(0.91, 0.09), 0, i < 7 ? 0 : 1); // says 0.91, is right in 0.7
        }
        assertEquals(0.21, tally.evaluation().calibration().expectedError(), 1e-6);
    }

    @Test
    void ofEqualScoresTheFirstClassWins() {
        Tally tally = new Tally(names(8), Scores.SOFTMAX);
        assertEquals(new Tally.Outcome(0, 0, 0, 1.0 / 8), tally.add(new float[8], 0, 0));
        assertEquals(4, tally.add(new float[8], 0, 4).rank());
        assertEquals(5, tally.add(new float[8], 0, 5).rank());
        assertEquals(1.0 / 3, tally.evaluation().top1());
        assertEquals(2.0 / 3, tally.evaluation().top5());
        assertEquals(5, tally.evaluation().topClasses());
    }

    @Test
    void sigmoidGivesTheBestClassItsOwnProbability() {
        Tally tally = new Tally(ABC, Scores.SIGMOID);
        assertEquals(1 / (1 + Math.exp(-2)), tally.add(new float[] {2, 1.5f, -1}, 0, 1).confidence(), 1e-12);
        assertTrue(Double.isNaN(tally.evaluation().loss()));
    }

    @Test
    void withoutImagesNothingIsDefined() {
        Evaluation none = new Tally(ABC, Scores.SOFTMAX).evaluation();
        for (double figure : new double[] {none.top1(), none.top5(), none.loss(), none.calibration().expectedError(), none.calibration().maximumError(),
            none.confusion().macroF1(), none.confusion().recall(0)}) {
            assertTrue(Double.isNaN(figure));
        }
        assertThrows(IllegalArgumentException.class, () -> new Tally(List.of(), Scores.SOFTMAX));
        assertThrows(IllegalArgumentException.class, () -> new Tally(ABC, Scores.SOFTMAX).add(new float[3], 0, 3));
    }

    @Provide
    Arbitrary<int[][]> counts() {
        return Arbitraries.integers().between(1, 9).flatMap(n -> Arbitraries.frequencyOf(net.jqwik.api.Tuple.of(1, Arbitraries.just(0)),
                net.jqwik.api.Tuple.of(2, Arbitraries.integers().between(0, 50))).array(int[].class).ofSize(n).array(int[][].class).ofSize(n));
    }

    @Property(tries = 300)
    void figuresOfTheMatrixFollowFromItsSums(@ForAll("counts") int[][] counts) {
        ConfusionMatrix m = ConfusionMatrix.of(names(counts.length), counts);
        long right = 0;
        long all = 0;
        for (int t = 0; t < counts.length; t++) {
            for (int p = 0; p < counts.length; p++) {
                assertEquals(counts[t][p], m.count(t, p));
                all += counts[t][p];
            }
            right += counts[t][t];
            assertEquals(IntStream.of(counts[t]).sum(), m.support(t));
            double precision = m.precision(t);
            double recall = m.recall(t);
            if (precision > 0 && recall > 0) {
                assertEquals(2 / (1 / precision + 1 / recall), m.f1(t), 1e-12, "F1 is the harmonic mean");
            }
        }
        assertEquals(all, m.images());
        Assume.that(all > 0);
        assertEquals((double) right / all, m.accuracy());
        double weighted = 0;
        for (int c : m.present()) {
            weighted += m.recall(c) * m.support(c) / m.images();
        }
        assertEquals(m.accuracy(), weighted, 1e-12, "recall weighted by images is accuracy");
        List<ConfusionMatrix.Cell> confused = m.mostConfused(Integer.MAX_VALUE);
        assertEquals(all - right, confused.stream().mapToInt(ConfusionMatrix.Cell::images).sum());
        for (int i = 1; i < confused.size(); i++) {
            assertTrue(confused.get(i).images() <= confused.get(i - 1).images());
        }
    }

    @Property(tries = 300)
    void rankIsTheClassesThatStandBefore(@ForAll("rows") float[][] rows) {
        int classes = rows[0].length;
        Tally tally = new Tally(names(classes), Scores.SOFTMAX);
        int inTop = 0;
        for (int i = 0; i < rows.length; i++) {
            float[] row = rows[i];
            int truth = i % classes;
            Tally.Outcome outcome = tally.add(row, 0, truth);
            List<Integer> order = IntStream.range(0, classes).boxed().sorted((a, b) -> Float.compare(row[b] + 0f, row[a] + 0f)).toList();
            assertEquals(order.indexOf(truth), outcome.rank());
            assertEquals(order.getFirst(), outcome.predicted());
            assertEquals(outcome.rank() == 0, outcome.isRight());
            inTop += order.subList(0, Math.min(5, classes)).contains(truth) ? 1 : 0;
        }
        Evaluation e = tally.evaluation();
        assertEquals((double) inTop / rows.length, e.top5());
        assertTrue(e.top1() <= e.top5() && e.top1() >= 0 && e.top5() <= 1 && e.loss() >= 0);
        assertEquals(rows.length, e.calibration().images());
        assertTrue(e.calibration().expectedError() <= e.calibration().maximumError() + 1e-12);
    }

    @Provide
    Arbitrary<float[][]> rows() {
        return Arbitraries.integers().between(1, 12).flatMap(classes -> Arbitraries.integers().between(-6, 6).map(i -> i / 2f).array(Float[].class).ofSize(classes)
                .map(TallyTest::unboxed).array(float[][].class).ofMinSize(1).ofMaxSize(20));
    }

    private static float[] unboxed(Float[] values) {
        float[] row = new float[values.length];
        for (int i = 0; i < row.length; i++) {
            row[i] = values[i];
        }
        return row;
    }

    @Property(tries = 500)
    void everyConfidenceIsInItsBin(@ForAll("confidences") double confidence) {
        int bin = Calibration.bin(confidence);
        assertTrue(bin == 0 || confidence > (double) bin / Calibration.BINS, confidence + " in " + bin);
        assertTrue(confidence <= (bin + 1.0) / Calibration.BINS, confidence + " in " + bin);
    }

    @Provide
    Arbitrary<Double> confidences() {
        Arbitrary<Double> edges = Arbitraries.integers().between(0, Calibration.BINS).flatMap(b -> Arbitraries.of((double) b / Calibration.BINS,
                Math.min(1, Math.nextUp((double) b / Calibration.BINS)), Math.max(0, Math.nextDown((double) b / Calibration.BINS))));
        return Arbitraries.oneOf(edges, Arbitraries.doubles().between(0, 1));
    }
}
