package vit.kernels.verify;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.Map;
import java.util.function.Predicate;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import vit.kernels.samples.Samples;

/** A fault is found within the first tries and shrunk to the smallest shape that shows it. */
class ShrinkingTest {

    private static KernelFailure failure(KernelSpec spec, Check check, long seed) {
        return assertThrows(KernelFailure.class, () -> Battery.of(spec).seed(seed).run(check));
    }

    /** A softmax without the last lane in its sum, at any seed: found in the first tries, with one row of seven columns. */
    @ParameterizedTest
    @CsvSource({"1", "2", "3", "4", "5", "6", "7", "8"})
    void aMissingLastLaneIsFoundAtOnceAndShrunkToTheRemainder(long seed) {
        KernelFailure failure = failure(Samples.softmaxWithoutLastLane(), Check.REFERENCE, seed);
        assertTrue(failure.tries() <= 3, "found at try " + failure.tries());
        KernelCase smallest = failure.kernelCase().orElseThrow();
        assertEquals(Map.of("rows", 1, "columns", 7), smallest.sizes());
        assertEquals("0 0 ORDINARY", smallest.offset() + " " + smallest.gap() + " " + smallest.values());
        System.out.println("softmax without its last lane: found at try " + failure.tries() + ", shrunk to " + smallest);
    }

    /** A copy that is wrong under a condition on its sizes, offset and values. */
    private static KernelSpec copy(Predicate<Arguments> wrong) {
        return KernelSpec.named("copy").dimension("rows", 0).dimension("columns", 0)
                .input("x", "rows", "columns").output("y", "rows", "columns")
                .kernel(Memory.TENSORS, (a, w) -> {
                    if (w.isFirst()) {
                        a.tensor("y").copyFrom(a.tensor("x").toArray());
                        if (wrong.test(a)) {
                            a.tensor("y").set(0, 0, -a.tensor("x").get(0, 0));
                        }
                    }
                })
                .reference(r -> System.arraycopy(r.doubles("x"), 0, r.doubles("y"), 0, r.doubles("x").length))
                .exact("y").build();
    }

    @ParameterizedTest
    @CsvSource({"1, 1, 1", "3, 16, 1", "2, 5, 4", "1, 31, 1", "9, 1, 3"})
    void theSmallestFailingShapeIsFoundForEveryKindOfFault(int rows, int columns, int multiple) {
        KernelSpec spec = copy(a -> a.size("rows") >= rows && a.size("columns") >= columns && a.size("columns") % multiple == columns % multiple);
        KernelCase smallest = failure(spec, Check.REFERENCE, 1).kernelCase().orElseThrow();
        assertEquals(new KernelCase(Map.of("rows", rows, "columns", columns), 0, 0, Values.ORDINARY, smallest.seed()), smallest);
    }

    /** What the fault needs, an offset here and a gap there, stays. */
    @Test
    void anOffsetOrGapThatTheFaultNeedsStays() {
        KernelCase gap = failure(copy(a -> a.size("rows") > 0 && a.size("columns") > 0 && a.stride("x") != a.size("columns")), Check.REFERENCE, 1)
                .kernelCase().orElseThrow();
        assertTrue(gap.gap() > 0 && gap.offset() == 0 && gap.sizes().equals(Map.of("rows", 1, "columns", 1)), gap::toString);
        KernelCase offset = failure(copy(a -> a.size("rows") > 0 && a.size("columns") > 0 && a.tensor("x").segment().address() % 64 != 0), Check.REFERENCE, 1)
                .kernelCase().orElseThrow();
        assertTrue(offset.offset() > 0 && offset.gap() == 0 && offset.sizes().equals(Map.of("rows", 1, "columns", 1)), offset::toString);
    }

    @Test
    void valuesBecomeOrdinaryUnlessTheFaultNeedsOthers() {
        KernelSpec spec = copy(a -> {
            float[] x = a.tensor("x").toArray();
            return x.length > 0 && x[0] != 0 && Math.abs(x[0]) < Float.MIN_NORMAL;
        });
        KernelCase smallest = failure(spec, Check.REFERENCE, 1).kernelCase().orElseThrow();
        assertTrue(smallest.values() == Values.TINY || smallest.values() == Values.SUBNORMAL, smallest::toString);
        assertEquals(Map.of("rows", 1, "columns", 1), smallest.sizes());
    }

    /** The cases follow from the seed alone, and the printed case fails in the same way. */
    @Test
    void aFailureIsRepeatable() {
        KernelFailure first = failure(Samples.softmaxWithoutLastLane(), Check.REFERENCE, 42);
        assertEquals(first.getMessage(), failure(Samples.softmaxWithoutLastLane(), Check.REFERENCE, 42).getMessage());
        KernelFailure again = assertThrows(KernelFailure.class,
                () -> Battery.of(Samples.softmaxWithoutLastLane()).check(Check.REFERENCE, "array softmax: " + first.kernelCase().orElseThrow()));
        assertEquals(first.mismatch(), again.mismatch());
    }
}
