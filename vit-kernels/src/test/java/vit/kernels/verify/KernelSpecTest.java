package vit.kernels.verify;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import vit.kernels.tensor.TensorArena;

/** A description that is incomplete or contradicts itself is refused with what is wrong. */
class KernelSpecTest {

    private static KernelSpec.Builder half() {
        return KernelSpec.named("half").dimension("n", 0).input("x", "n").output("y", "n");
    }

    private static KernelSpec.Builder complete() {
        return half().kernel(Memory.ARRAYS, a -> { }).reference(r -> { });
    }

    private static void assertRefused(String message, KernelSpec.Builder builder) {
        assertEquals(message, assertThrows(IllegalArgumentException.class, builder::build).getMessage());
    }

    @Test
    void whatIsMissingIsNamed() {
        assertRefused("kernel half: no kernel", half());
        assertRefused("kernel half: no reference", half().kernel(Memory.ARRAYS, a -> { }));
        assertRefused("kernel half: no bound of output y", complete());
        assertRefused("kernel half: a bound of input x", complete().exact("y").exact("x"));
        assertRefused("kernel half: bounds of [y, z], but the arguments are [x, y]", complete().exact("y").exact("z"));
        assertRefused("kernel half: two arguments x", complete().exact("y").input("x", "n"));
        assertRefused("kernel half: batch rows is no dimension that may be 1", complete().exact("y").batch("rows"));
        assertRefused("kernel half: batch m is no dimension that may be 1", complete().exact("y").dimension("m", 2).batch("m"));
        assertRefused("z: dimension m is not one of [n]", complete().exact("y").input("z", "m"));
        assertRefused("kernel none: no output", KernelSpec.named("none").dimension("n", 0).input("x", "n").kernel(Memory.ARRAYS, a -> { }).reference(r -> { }));
        assertEquals("dimension n: sizes 3 to 2", assertThrows(IllegalArgumentException.class, () -> half().dimension("n", 3, 2)).getMessage());
    }

    @Test
    void aKernelThatAsksForOtherMemoryIsToldWhatItGets() {
        KernelSpec spec = complete().exact("y").build();
        try (TensorArena arena = TensorArena.open()) {
            Arguments arguments = Arguments.allocate(arena, spec.arguments(), spec.memory(), Map.of("n", 5), 0, 0);
            assertEquals("x is no Tensor but a GuardedArray: choose the kernel's Memory to match",
                    assertThrows(IllegalArgumentException.class, () -> arguments.tensor("x")).getMessage());
            assertEquals("no argument z among [x, y]", assertThrows(IllegalArgumentException.class, () -> arguments.floats("z")).getMessage());
            assertEquals("no dimension m among [n]", assertThrows(IllegalArgumentException.class, () -> arguments.size("m")).getMessage());
            assertEquals(5, arguments.floats("x").length);
        }
    }

    @Test
    void productsOfDimensionsAreShapes() {
        Argument argument = new Argument("qkv", Argument.Role.INPUT, List.of("batch*tokens", "3 * width"));
        Map<String, Integer> sizes = Map.of("batch", 2, "tokens", 5, "width", 7);
        assertEquals(10, argument.rows(sizes));
        assertEquals(21, argument.columns(sizes));
    }

    @Test
    void aBackwardPassWithoutAGradientToCheckIsAnError() {
        KernelSpec spec = complete().exact("y").backward(KernelSpec.named("back").input("upstream", "n").output("gradient", "n")
                .kernel(Memory.ARRAYS, a -> { }).reference(r -> { }).exact("gradient")).build();
        String message = assertThrows(KernelFailure.class, () -> Battery.of(spec).run(Check.GRADIENTS)).getMessage();
        assertTrue(message.contains("back: no gradient to check"), message);
    }

    @Test
    void aSourceThatOtherJvmsCannotLoadIsRefused() {
        KernelSpec spec = complete().exact("y").build();
        String message = assertThrows(IllegalArgumentException.class, () -> Battery.of(() -> spec)).getMessage();
        assertTrue(message.endsWith("other JVMs load the class by its name, so it needs a name and a constructor without arguments"), message);
    }

    /** A kernel with a bound so loose that a planted fault passes: the user is told which. */
    @Test
    void aFaultThatNoCheckFindsIsReported() {
        String message = assertThrows(AssertionError.class, () -> PlantedFaults.allCaught(new LooseCopy())).getMessage();
        assertTrue(message.startsWith("loose copy: the battery passes although these faults were planted: [LAST_LANE (the last lane of an incomplete vector is "
                + "a thousandth off), FIRST_LANE (the first lane is a thousandth off)]. Derive closer bounds"), message);
    }

    /** Nothing is proved by faults in a kernel that fails without them. */
    @Test
    void faultsAreNotPlantedIntoAKernelThatFailsAnyway() {
        assertEquals(Check.REFERENCE, assertThrows(KernelFailure.class, () -> PlantedFaults.allCaught(new WrongCopy())).check());
    }

    private static KernelSpec copy(String name, float factor, double bound) {
        return KernelSpec.named(name).dimension("rows", 1).dimension("columns", 1).batch("rows").input("x", "rows", "columns").output("y", "rows", "columns")
                .kernel(Memory.ARRAYS, a -> {
                    for (int i = 0; i < a.floats("x").length; i++) {
                        a.floats("y")[i] = factor * a.floats("x")[i];
                    }
                })
                .reference(r -> System.arraycopy(r.doubles("x"), 0, r.doubles("y"), 0, r.doubles("x").length))
                .bound("y", (r, i) -> bound * Math.abs(r.doubles("y")[i])).build();
    }

    static final class LooseCopy implements KernelSource {
        @Override
        public KernelSpec kernel() {
            return copy("loose copy", 1, 0.01);
        }
    }

    static final class WrongCopy implements KernelSource {
        @Override
        public KernelSpec kernel() {
            return copy("wrong copy", -1, 0.01);
        }
    }
}
