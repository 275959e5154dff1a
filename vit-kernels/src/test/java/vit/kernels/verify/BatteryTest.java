package vit.kernels.verify;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assertions.fail;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.IOException;
import java.util.ArrayList;
import java.util.EnumSet;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import vit.kernels.samples.Samples;
import vit.kernels.simd.Simd;

/** The battery passes for kernels on arrays, segments and tensors, and finds every fault that is planted into them. */
class BatteryTest {

    /** JVMs in which the check for allocations may fail before the test does. */
    private static final int JVMS = 4;

    static Stream<KernelSource> kernels() {
        return Stream.of(new Samples.ArraySoftmax(), new Samples.SegmentAxpy(), new Samples.TensorSoftmax());
    }

    @ParameterizedTest
    @MethodSource("kernels")
    void rightKernelsPassEveryCheck(KernelSource source) throws IOException, InterruptedException {
        Battery battery = Battery.of(source.kernel()).tries(Simd.isNative() ? 200 : 20);
        List<String> lines = new ArrayList<>();
        for (Check check : battery.checks()) {
            lines.addAll(check == Check.ALLOCATION ? allocation(source) : battery.run(check));
        }
        lines.forEach(System.out::println);
        EnumSet<Check> all = EnumSet.allOf(Check.class);
        all.remove(Check.JVMS);
        battery.checks().forEach(all::remove);
        if (source instanceof Samples.TensorSoftmax) {
            assertEquals(Allocation.isMeaningful() ? EnumSet.noneOf(Check.class) : EnumSet.of(Check.ALLOCATION), all);
        }
        assertTrue(lines.size() >= 2 * battery.checks().size() - 1, lines::toString); // forward and backward; gradients once
    }

    /**
     * Runs the check in JVMs of its own until one passes. In this JVM, hundreds of tests have called the kernels with shapes of every kind before. C2 may then have
     * compiled one of them with vectors on the heap, for good, which says nothing about the kernel.
     */
    private static List<String> allocation(KernelSource source) throws IOException, InterruptedException {
        String output = "";
        for (int jvm = 0; jvm < JVMS; jvm++) {
            output = ChildProcess.output(new ProcessBuilder(ProcessHandle.current().info().command().orElseThrow(), "--add-modules=jdk.incubator.vector",
                    "-Dvit.simd.bits=" + Simd.BITS, "-cp", System.getProperty("java.class.path"), AllocationRun.class.getName(), source.getClass().getName()));
            List<String> lines = output.lines().filter(line -> line.contains(Check.ALLOCATION.sentence())).toList();
            if (!lines.isEmpty()) {
                return lines;
            }
        }
        return fail("no JVM of " + JVMS + " passed: " + output);
    }

    /** Prints a line for the kernel and one for its backward pass, if they allocate nothing. */
    static final class AllocationRun {

        public static void main(String[] arguments) {
            KernelSource source = kernels().filter(each -> each.getClass().getName().equals(arguments[0])).findFirst().orElseThrow();
            try {
                Battery.of(source.kernel()).run(Check.ALLOCATION).forEach(System.out::println);
            } catch (KernelFailure e) {
                System.out.println(e.getMessage().replace(Check.ALLOCATION.sentence(), "check"));
            }
        }
    }

    @ParameterizedTest
    @MethodSource("kernels")
    void everyPlantedFaultIsCaught(KernelSource source) {
        assumeTrue(Integer.getInteger("vit.test.bits") == null, "the run at the machine's own width covers this");
        List<PlantedFaults.Caught> caught = PlantedFaults.allCaught(source);
        System.out.println(source.kernel().name() + ":");
        caught.forEach(System.out::println);
        assertEquals(PlantedFaults.of(source.kernel()), caught.stream().map(PlantedFaults.Caught::fault).toList());
    }

    @ParameterizedTest
    @MethodSource("kernels")
    void bitsAreTheSameInOtherJvms(KernelSource source) {
        assumeTrue(Integer.getInteger("vit.test.bits") == null, "the run at the machine's own width covers all three");
        System.out.println(Battery.of(source).run(Check.JVMS));
    }
}
