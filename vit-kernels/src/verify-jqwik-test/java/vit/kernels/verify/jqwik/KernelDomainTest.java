package vit.kernels.verify.jqwik;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.Map;
import net.jqwik.api.Arbitrary;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.Provide;
import net.jqwik.api.domains.Domain;
import net.jqwik.api.domains.DomainContext;
import net.jqwik.api.lifecycle.PerProperty;
import net.jqwik.api.lifecycle.PropertyExecutionResult;
import vit.kernels.samples.Samples;
import vit.kernels.tensor.TensorArena;
import vit.kernels.verify.Battery;
import vit.kernels.verify.Check;
import vit.kernels.verify.GuardedTensor;
import vit.kernels.verify.KernelCase;
import vit.kernels.verify.Layout;
import vit.kernels.verify.Values;

/** Properties that fail on purpose: jqwik finds a missing remainder within the first tries and shrinks it to the smallest shape. */
@Domain(KernelDomain.class)
class KernelDomainTest {

    /** Requires that a property fails within some tries and shrinks to an expected value. */
    private abstract static class Fails implements PerProperty.Lifecycle {

        private static final int MOST_TRIES = 15;

        abstract void check(Object smallest);

        @Override
        public void onSuccess() {
            throw new AssertionError("the property holds");
        }

        @Override
        public PropertyExecutionResult onFailure(PropertyExecutionResult result) {
            Object smallest = result.falsifiedParameters().orElseThrow().getFirst();
            System.out.println("jqwik: failed at try " + result.countTries() + ", shrunk to " + smallest);
            assertTrue(result.countTries() <= MOST_TRIES, "only try " + result.countTries() + " failed");
            check(smallest);
            return result.mapToSuccessful();
        }
    }

    static class AtSevenColumns extends Fails {
        @Override
        void check(Object smallest) {
            assertEquals(new Layout(1, 7, 0, 0), smallest);
        }
    }

    /** A remainder of 7 after vectors of 8 lanes. */
    @Property(seed = "1", tries = 200)
    @PerProperty(AtSevenColumns.class)
    boolean aMissingLastLaneShrinksToTheRemainder(@ForAll Layout layout) {
        return layout.columns() % 8 != 7;
    }

    @Property(seed = "2", tries = 200)
    @PerProperty(AtSevenColumns.class)
    boolean soItDoesAtAnotherSeed(@ForAll Layout layout) {
        return layout.columns() % 8 != 7;
    }

    static class AtThreeRowsOfGaps extends Fails {
        @Override
        void check(Object smallest) {
            Layout layout = (Layout) smallest;
            assertTrue(layout.rows() == 3 && layout.columns() == 1 && layout.offset() == 0 && layout.gap() > 0, layout::toString);
        }
    }

    @Property(seed = "1", tries = 200)
    @PerProperty(AtThreeRowsOfGaps.class)
    boolean aGapThatTheFaultNeedsStays(@ForAll Layout layout) {
        return layout.rows() < 3 || layout.gap() == 0;
    }

    static class AtSevenColumnsOfTheTensor extends Fails {
        @Override
        void check(Object smallest) {
            TensorSample sample = (TensorSample) smallest;
            assertEquals(new Layout(1, 7, 0, 0), sample.layout());
            assertEquals(Values.ORDINARY, sample.values());
            assertTrue(sample.toString().matches("new TensorSample\\(new Layout\\(1, 7, 0, 0\\), Values\\.ORDINARY, -?\\d+L\\)"), sample::toString);
        }
    }

    @Property(seed = "1", tries = 200)
    @PerProperty(AtSevenColumnsOfTheTensor.class)
    boolean aTensorShrinksLikeItsLayout(@ForAll TensorSample sample) {
        try (TensorArena arena = TensorArena.open()) {
            GuardedTensor tensor = sample.in(arena);
            assertEquals(sample.layout().columns(), tensor.columns());
            return tensor.columns() % 8 != 7;
        }
    }

    static class AtOneRowOfSeven extends Fails {
        @Override
        void check(Object smallest) {
            KernelCase one = (KernelCase) smallest;
            assertEquals(new KernelCase(Map.of("rows", 1, "columns", 7), 0, 0, Values.ORDINARY, one.seed()), one);
        }
    }

    @Provide
    Arbitrary<KernelCase> cases() {
        return KernelArbitraries.cases(Samples.softmaxWithoutLastLane());
    }

    /** A property over the cases of a described kernel, with a real fault. */
    @Property(seed = "1", tries = 200)
    @PerProperty(AtOneRowOfSeven.class)
    @Domain(KernelDomain.class)
    @Domain(DomainContext.Global.class)
    void aCaseOfAKernelShrinksToo(@ForAll("cases") KernelCase one) {
        Battery.of(Samples.softmaxWithoutLastLane()).check(Check.REFERENCE, "array softmax: " + one);
    }
}
