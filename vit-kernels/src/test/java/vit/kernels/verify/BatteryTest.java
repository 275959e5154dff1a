package vit.kernels.verify;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.util.EnumSet;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import vit.kernels.samples.Samples;
import vit.kernels.simd.Simd;

/** The battery passes for kernels on arrays, segments and tensors, and finds every fault that is planted into them. */
class BatteryTest {

    static Stream<KernelSource> kernels() {
        return Stream.of(new Samples.ArraySoftmax(), new Samples.SegmentAxpy(), new Samples.TensorSoftmax());
    }

    @ParameterizedTest
    @MethodSource("kernels")
    void rightKernelsPassEveryCheckInThisJvm(KernelSource source) {
        Battery battery = Battery.of(source.kernel()).tries(Simd.isNative() ? 200 : 20);
        List<String> lines = battery.run();
        lines.forEach(System.out::println);
        EnumSet<Check> all = EnumSet.allOf(Check.class);
        all.remove(Check.JVMS);
        battery.checks().forEach(all::remove);
        if (source instanceof Samples.TensorSoftmax) {
            assertEquals(Allocation.isMeaningful() ? EnumSet.noneOf(Check.class) : EnumSet.of(Check.ALLOCATION), all);
        }
        assertTrue(lines.size() >= 2 * battery.checks().size() - 1, lines::toString); // forward and backward; gradients once
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
