package vit.kernels.verify;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

/** The cases of a battery contain what they promise. */
class CasesTest {

    private static KernelSpec product() {
        return KernelSpec.named("product").dimension("m", 0).dimension("n", 1, 20).dimension("k", 0)
                .input("a", "m", "k").input("b", "n", "k").output("c", "m", "n")
                .kernel(Memory.ARRAYS, a -> { }).reference(r -> { }).exact("c").build();
    }

    @Test
    void everyEdgeSizeOfEveryDimensionOccursWithOthersThatDiffer() {
        List<KernelCase> cases = Cases.of(product(), 34 + 20 + 34, 1); // as many as the three dimensions have edge sizes
        for (Dimension dimension : product().dimensions()) {
            Set<Integer> sizes = new TreeSet<>();
            for (KernelCase one : cases) {
                if (one.sizes().values().stream().distinct().count() == 3) {
                    sizes.add(one.sizes().get(dimension.name()));
                }
            }
            Set<Integer> edges = IntStream.rangeClosed(dimension.least(), Math.min(33, dimension.most())).boxed().collect(Collectors.toCollection(TreeSet::new));
            edges.removeAll(sizes);
            assertEquals(Set.of(), edges, "sizes of " + dimension + " that do not occur");
            assertTrue(cases.stream().allMatch(one -> dimension.contains(one.sizes().get(dimension.name()))));
        }
        assertTrue(Cases.of(product(), 200, 1).stream().anyMatch(one -> one.sizes().get("k") > 700), "no large size");
    }

    @Test
    void offsetsGapsAndValuesAllOccur() {
        List<KernelCase> cases = Cases.of(product(), 200, 1);
        assertEquals(16, cases.stream().map(KernelCase::offset).distinct().count());
        assertEquals(18, cases.stream().map(KernelCase::gap).distinct().count());
        assertEquals(Set.copyOf(Values.MODERATE), cases.stream().map(KernelCase::values).collect(Collectors.toSet()));
        assertEquals(cases, Cases.of(product(), 200, 1));
        assertTrue(!cases.equals(Cases.of(product(), 200, 2)));
    }

    @Test
    void aCaseIsReadBackFromItsText() {
        for (KernelCase one : Cases.of(product(), 50, 3)) {
            assertEquals(one, KernelCase.parse(one.toString()));
        }
        assertTrue(assertThrows(IllegalArgumentException.class, () -> KernelCase.parse("rows 3")).getMessage().contains("found rows in: rows 3"));
    }

    @Test
    void valuesAreWhatTheirClassSays() {
        Random random = new Random(1);
        for (Values values : Values.values()) {
            List<Float> all = new ArrayList<>();
            for (float value : values.matrix(40, 25, random)) {
                all.add(value);
            }
            boolean finite = all.stream().allMatch(v -> Float.isFinite(v));
            boolean normalSquares = all.stream().allMatch(v -> Float.isFinite(v * v * 1000));
            assertEquals(Values.MODERATE.contains(values), finite && normalSquares, values::toString);
            switch (values) {
                case ZEROS -> assertEquals(Set.of(0f, -0f), Set.copyOf(all));
                case SUBNORMAL -> assertTrue(all.stream().allMatch(v -> v != 0 && Math.abs(v) < Float.MIN_NORMAL));
                case TINY -> assertTrue(all.stream().allMatch(v -> Math.abs(v) < 8 * Float.MIN_NORMAL));
                case EQUAL -> assertEquals(40, Set.copyOf(all).size());
                case TIES -> assertEquals(5, Set.copyOf(all).size());
                case INFINITE -> assertTrue(all.contains(Float.POSITIVE_INFINITY) && all.contains(Float.NEGATIVE_INFINITY) && !all.contains(Float.NaN));
                case NAN -> assertTrue(all.contains(Float.NaN) && !all.contains(Float.POSITIVE_INFINITY));
                case SPECIAL -> assertTrue(all.containsAll(List.of(Float.NaN, 0f, -0f, Float.MAX_VALUE, Float.MIN_VALUE, Float.NEGATIVE_INFINITY)));
                case HUGE -> assertTrue(all.stream().allMatch(v -> Float.isInfinite(v * v)));
                default -> assertTrue(Set.copyOf(all).size() > 900, values::toString);
            }
        }
    }
}
