package vit.kernels.verify;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.List;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;
import vit.kernels.samples.Samples;

/** A failure tells its reader the kernel, the argument, the element, the error, the smallest case, and how to see it again. */
class FailureMessageTest {

    private static KernelFailure failure(KernelSpec spec, Check check) {
        return assertThrows(KernelFailure.class, () -> Battery.of(spec).command("mvn test -Dtest=SoftmaxTest").run(check));
    }

    private static void assertMatches(String regex, String message) {
        assertTrue(Pattern.compile(regex).matcher(message).matches(), () -> "expected " + regex + "\nfound " + message);
    }

    @Test
    void aWrongElementIsNamedWithItsErrorInBoundsAndUlpAndTheLineToRepeatIt() {
        KernelFailure failure = failure(Samples.softmaxWithoutLastLane(), Check.REFERENCE);
        assertMatches("""
                array softmax fails the check "matches the reference"
                    y row 0 column 0 of 1 x 7: expected 0\\.\\d+, found 0\\.\\d+, off by 0\\.\\d+: [\\d.e+]+ times the bound of [\\d.]+e-0\\d, [\\d.e+]+ ulp
                    smallest failing case, after \\d+ runs, of case 1 of 200: rows=2 columns=15 offset=\\d+ gap=\\d+ values=ORDINARY seed=(\\d+)
                    paste: Battery\\.of\\(kernel\\)\\.check\\(Check\\.REFERENCE, "array softmax: rows=1 columns=7 offset=0 gap=0 values=ORDINARY seed=\\1"\\);
                    again: mvn test -Dtest=SoftmaxTest "-Dvit\\.verify\\.case=array softmax: rows=1 columns=7 offset=0 gap=0 values=ORDINARY seed=\\1\"""",
                failure.getMessage());
        Mismatch mismatch = failure.mismatch().orElseThrow();
        assertEquals("y", mismatch.argument());
        assertTrue(mismatch.error() > mismatch.bound() && mismatch.bound() > 0, mismatch::toString);
    }

    @Test
    void theLastColumnOfASecondRowIsNamed() {
        assertEquals("y row 1 column 2 of 2 x 3: expected 1.0, found 1.0000001, off by 1.19e-07: 2 times the bound of 5.96e-08, 1 ulp",
                new Mismatch("y", 2, 3, 5, 1, Math.nextUp(1f), 0x1p-24).toString());
        assertEquals("y row 0 column 0 of 1 x 1: expected 1.0, found 1.0000001, off by 1.19e-07: 1 ulp, and the bits must be equal",
                new Mismatch("y", 1, 1, 0, 1, Math.nextUp(1f), 0).toString());
        assertEquals("y row 0 column 0 of 1 x 1: expected Infinity, found 1.0, not the same NaN or infinity",
                new Mismatch("y", 1, 1, 0, Double.POSITIVE_INFINITY, 1, 0).toString());
    }

    private static KernelSpec copy(KernelSpec.Kernel kernel) {
        return KernelSpec.named("copy").dimension("rows", 0).dimension("columns", 0)
                .input("x", "rows", "columns").output("y", "rows", "columns")
                .kernel(Memory.ARRAYS_AT_OFFSETS, kernel)
                .reference(r -> System.arraycopy(r.doubles("x"), 0, r.doubles("y"), 0, r.doubles("x").length))
                .exact("y").build();
    }

    /** Copies rows of {@code columns + more} elements. */
    private static void copy(Arguments a, int more) {
        for (int row = 0; row < a.size("rows"); row++) {
            System.arraycopy(a.floats("x"), a.offset("x") + row * a.stride("x"), a.floats("y"), a.offset("y") + row * a.stride("y"), a.size("columns") + more);
        }
    }

    @Test
    void anElementThatIsNotWrittenIsCalledThat() {
        String message = failure(copy(a -> copy(a, a.size("columns") == 0 ? 0 : -1)), Check.REFERENCE).getMessage();
        assertMatches("(?s).*\n    y row 0 column 0 of 1 x 1: expected [-\\d.]+, found NaN, this NaN lay there before the call: "
                + "the kernel has not written the element, or has read it\n.*", message);
    }

    @Test
    void aGuardThatIsReadIsCalledThat() {
        KernelSpec shifted = copy(a -> {
            copy(a, 0);
            if (a.size("rows") > 0 && a.size("columns") > 0) {
                a.floats("y")[a.offset("y")] = a.floats("x")[a.offset("x") - 1];
            }
        });
        assertMatches("(?s).*\n    y row 0 column 0 of 1 x 1: expected [-\\d.]+, found NaN, this NaN is the guard around the arguments: "
                + "the kernel has read outside one, or copied a guard\n.*", failure(shifted, Check.REFERENCE).getMessage());
        KernelSpec skipped = copy(a -> { // a comparison skips NaN, so only the second guard shows that it was read
            copy(a, 0);
            if (a.size("rows") > 0 && a.size("columns") > 0 && a.floats("x")[a.offset("x") - 1] > 1e30f) {
                a.floats("y")[a.offset("y")] = 0;
            }
        });
        assertMatches("(?s).*\n    another value in the guards changes the result, so the kernel has read one: y row 0 column 0 of 1 x 1: .*",
                failure(skipped, Check.GUARDS).getMessage());
    }

    @Test
    void aGuardThatIsWrittenIsNamedWithItsPlace() {
        assertMatches("(?s).*\n    y: guard overwritten 1 floats after the last element with NaN\n.*",
                failure(copy(a -> copy(a, a.size("rows") == 1 ? 1 : 0)), Check.GUARDS).getMessage().replaceFirst("with .*", "with NaN"));
        assertMatches("(?s).*\n    y: guard overwritten 1 floats before the first element with 7.0\n.*",
                failure(copy(a -> a.floats("y")[a.offset("y") - 1] = 7), Check.GUARDS).getMessage());
    }

    @Test
    void anInputThatIsChangedIsNamed() {
        assertMatches("(?s).*\n    the kernel has changed its input x row 0 column 0 of 1 x 1: expected [-\\d.]+, found 7.0, .*", failure(copy(a -> {
            copy(a, 0);
            if (a.size("rows") * a.size("columns") > 0) {
                a.floats("x")[a.offset("x")] = 7;
            }
        }), Check.GUARDS).getMessage());
    }

    @Test
    void anExceptionOfTheKernelIsShownWithTheCase() {
        KernelFailure failure = failure(copy(a -> copy(a, a.size("columns") > 8 ? 1000 : 0)), Check.REFERENCE);
        assertMatches("(?s)copy fails the check \"matches the reference\"\n    threw java.lang.ArrayIndexOutOfBoundsException: .* columns=9 offset=0 .*", failure.getMessage());
        assertTrue(failure.mismatch().isEmpty());
    }

    @Test
    void theCaseOfTheSystemPropertyRunsAloneAndFailsAlike() {
        Battery battery = Battery.of(Samples.softmaxWithoutLastLane());
        System.setProperty(Battery.CASE, "array softmax: rows=3 columns=6 offset=0 gap=0 values=ORDINARY seed=5");
        try {
            assertTrue(battery.run(Check.REFERENCE).getFirst().startsWith("array softmax matches the reference: 1 cases\n"));
            System.setProperty(Battery.CASE, "array softmax: rows=1 columns=7 offset=0 gap=0 values=ORDINARY seed=5");
            assertEquals(1, assertThrows(KernelFailure.class, () -> battery.run(Check.REFERENCE)).kernelCase().orElseThrow().sizes().get("rows"));
            System.setProperty(Battery.CASE, "another kernel: rows=1 columns=7");
            assertEquals(0, battery.run(Check.REFERENCE).size());
        } finally {
            System.clearProperty(Battery.CASE);
        }
    }

    @Test
    void aCaseOfAnotherKernelIsAnError() {
        String message = assertThrows(IllegalArgumentException.class,
                () -> Battery.of(Samples.softmaxWithoutLastLane()).check(Check.REFERENCE, "gelu: rows=1")).getMessage();
        assertEquals("no check REFERENCE of gelu: rows=1 among the kernels array softmax, array softmax backward", message);
    }

    /** Bits that differ between JVMs name the groups of JVMs that agree. */
    @Test
    void theJvmsThatDifferAreNamed() {
        Samples.ArraySoftmax source = new Samples.ArraySoftmax();
        String message = assertThrows(AssertionError.class, () -> OtherJvms.sameBits(source.kernel(), source.getClass(), Fault.MISSING_FMA,
                List.of(new OtherJvms.Kind(OtherJvms.Compiler.INTERPRETER, 128), new OtherJvms.Kind(OtherJvms.Compiler.INTERPRETER, 256)))).getMessage();
        assertMatches("array softmax with MISSING_FMA rows=\\d+ columns=\\d+ .* y: the bits differ between JVMs; their hashes: "
                + "\\{[0-9a-f]{8}=\\[INTERPRETER at (128|256) bits], [0-9a-f]{8}=\\[INTERPRETER at (128|256) bits]}", message);
    }
}
