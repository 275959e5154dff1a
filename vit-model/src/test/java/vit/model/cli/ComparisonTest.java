package vit.model.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import vit.kernels.tensor.Shape;
import vit.model.cli.Comparison.Kind;
import vit.model.cli.Comparison.Row;

/** The comparison behind {@code vit compare} computes error and scale as documented and rejects planted faults. */
class ComparisonTest {

    private static final Shape PAIR = Shape.of(2);

    /** Compares a tensor of two elements and returns its row. */
    private static Row compare(double computed0, double truth0, double computed1, double truth1) {
        Comparison comparison = new Comparison();
        var meter = comparison.tensor("x", Kind.ACTIVATION, PAIR);
        meter.add(computed0, truth0);
        meter.add(computed1, truth1);
        return comparison.rows().getFirst();
    }

    @Test
    void errorIsTheLargestDifferenceAndScaleTheLargestTruth() {
        Row row = compare(1.5, 1, -8, -8.25);
        assertEquals(0.5, row.error());
        assertEquals(8.25, row.scale());
        assertEquals(0.5 / 8.25, row.relative());
        assertTrue(row.within(0.07));
        assertFalse(row.within(0.06));
    }

    @ParameterizedTest(name = "computed {0} and {2}, truth {1} and {3}")
    @CsvSource({
        "NaN, 1, 2, 2", "1, 1, NaN, 2", // a NaN computed, first and last
        "1, NaN, 2, 2", "1, 1, 2, NaN", // a NaN in the truth
        "NaN, NaN, 2, 2", // on both sides
        "Infinity, 1, 2, 2", "1, Infinity, 2, 2", "Infinity, Infinity, 2, 2",
        "-2, 2, 1, 1", // wrong sign
        "-1, -2, -1, -1", // both negative
        "1, 1, 0, 2" // the last element
    })
    void plantedFaultsAreRejected(double computed0, double truth0, double computed1, double truth1) {
        assertFalse(compare(computed0, truth0, computed1, truth1).within(0.1));
    }

    @Test
    void nanIsNotForgottenAfterGoodElements() {
        Comparison comparison = new Comparison();
        var meter = comparison.tensor("x", Kind.ACTIVATION, Shape.of(3));
        meter.add(1, 1);
        meter.add(Double.NaN, 1);
        meter.add(1, 1);
        assertFalse(comparison.rows().getFirst().within(1e9));
    }

    @Test
    void scaleIsAtLeastAHundredthOfTheLargestOfTheKind() {
        Comparison comparison = new Comparison();
        comparison.tensor("zero", Kind.GRADIENT, PAIR).add(1e-6, 0);
        comparison.tensor("large", Kind.GRADIENT, PAIR).add(200, 200);
        comparison.tensor("stage", Kind.ACTIVATION, PAIR).add(5, 4);
        List<Row> rows = comparison.rows();
        assertEquals(2, rows.get(0).scale());
        assertEquals(5e-7, rows.get(0).relative());
        assertEquals(200, rows.get(1).scale());
        assertEquals(4, rows.get(2).scale(), "another kind has its own largest");
    }

    @Test
    void allZeroTruthAcceptsZerosOnly() {
        assertTrue(compare(0, 0, -0.0, 0).within(0));
        assertFalse(compare(0, 0, 1e-30, 0).within(1e9));
    }
}
