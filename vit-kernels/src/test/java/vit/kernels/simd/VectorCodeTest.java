package vit.kernels.simd;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.lang.foreign.MemorySegment;
import java.net.URISyntaxException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.VectorOperators;
import org.junit.jupiter.api.Test;
import vit.kernels.tensor.Tensor;

/** The bytecode of every class of the module keeps the rules of docs/jit-rules.md, and code that breaks one of them is named with the rule. */
class VectorCodeTest {

    @Test
    void everyKernelKeepsTheRulesThatBytecodeShows() throws IOException, URISyntaxException {
        Path classes = Path.of(Simd.class.getProtectionDomain().getCodeSource().getLocation().toURI());
        List<String> violations = new ArrayList<>();
        int[] read = {0};
        try (Stream<Path> files = Files.walk(classes)) {
            files.filter(file -> file.toString().endsWith(".class")).sorted().forEach(file -> {
                try {
                    violations.addAll(VectorCode.violations(Files.readAllBytes(file)));
                    read[0]++;
                } catch (IOException e) {
                    throw new UncheckedIOException(e);
                }
            });
        }
        assertTrue(read[0] > 50, () -> read[0] + " classes in " + classes);
        assertEquals(List.of(), violations, "docs/jit-rules.md says why");
    }

    /** Each method breaks one rule. */
    @SuppressWarnings("unused")
    private static final class Broken {

        static void notMarked(float[] x) {
            for (int i = 0; i < x.length; i += Simd.LANES) {
                FloatVector.fromArray(Simd.SPECIES, x, i).neg().intoArray(x, i);
            }
        }

        @VectorLoop
        static void markedInVain(float[] x) {
            FloatVector.fromArray(Simd.SPECIES, x, 0).neg().intoArray(x, 0);
        }

        static FloatVector helperNotMarked(FloatVector x) {
            return x.neg();
        }

        @VectorLoop
        static float accumulatorIsReceiver(float[] x) {
            FloatVector acc = FloatVector.zero(Simd.SPECIES);
            for (int i = 0; i < x.length; i += Simd.LANES) {
                acc = acc.max(FloatVector.fromArray(Simd.SPECIES, x, i));
            }
            return acc.reduceLanes(VectorOperators.MAX);
        }

        @VectorLoop
        static float sumInAnyOrder(float[] x) {
            float sum = 0;
            for (int i = 0; i < x.length; i += Simd.LANES) {
                sum += FloatVector.fromArray(Simd.SPECIES, x, i).reduceLanes(VectorOperators.ADD);
            }
            return sum;
        }

        @VectorLoop
        static void exponentialOfTheLibrary(float[] x) {
            for (int i = 0; i < x.length; i += Simd.LANES) {
                FloatVector.fromArray(Simd.SPECIES, x, i).lanewise(VectorOperators.EXP).intoArray(x, i);
            }
        }

        @VectorLoop
        static void segmentAsItCame(MemorySegment x, int n) {
            for (int i = 0; i < n; i += Simd.VECTOR_BYTES) {
                FloatVector.fromMemorySegment(Simd.SPECIES, x, i, Simd.ORDER).neg().intoMemorySegment(x, i, Simd.ORDER);
            }
        }
    }

    /** The same work, written by the rules. */
    @SuppressWarnings("unused")
    private static final class Right {

        @VectorLoop
        static float max(MemorySegment x, int n) {
            x = Tensor.offHeap(x);
            FloatVector acc = FloatVector.zero(Simd.SPECIES);
            for (int i = 0; i < n; i += Simd.VECTOR_BYTES) {
                acc = negated(FloatVector.fromMemorySegment(Simd.SPECIES, x, i, Simd.ORDER)).max(acc);
            }
            return acc.reduceLanes(VectorOperators.MAX);
        }

        @VectorHelper
        static FloatVector negated(FloatVector x) {
            return x.neg();
        }
    }

    @Test
    void aKernelThatBreaksARuleIsNamedWithTheRule() throws IOException {
        List<String> violations = VectorCode.violations(classFile(Broken.class));
        assertEquals(7, violations.size(), violations::toString);
        assertTrue(violations.get(0).contains("notMarked: loops over vectors and is not marked"), violations.get(0));
        assertTrue(violations.get(1).contains("markedInVain: is marked @VectorLoop and has no vector code"), violations.get(1));
        assertTrue(violations.get(2).contains("helperNotMarked: takes or returns vectors"), violations.get(2));
        assertTrue(violations.get(3).contains("accumulatorIsReceiver: the accumulator in local variable"), violations.get(3));
        assertTrue(violations.get(4).contains("sumInAnyOrder: reduceLanes ADD has no defined order"), violations.get(4));
        assertTrue(violations.get(5).contains("exponentialOfTheLibrary: lanewise EXP"), violations.get(5));
        assertTrue(violations.get(6).contains("segmentAsItCame: reads or writes a segment"), violations.get(6));
        assertEquals(List.of(), VectorCode.violations(classFile(Right.class)));
    }

    private static byte[] classFile(Class<?> type) throws IOException {
        try (InputStream in = type.getResourceAsStream(type.getName().substring(type.getPackageName().length() + 1) + ".class")) {
            return in.readAllBytes();
        }
    }
}
