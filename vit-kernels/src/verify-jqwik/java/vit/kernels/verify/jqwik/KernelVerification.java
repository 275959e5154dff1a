package vit.kernels.verify.jqwik;

import java.util.stream.Stream;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestFactory;
import vit.kernels.verify.Battery;
import vit.kernels.verify.KernelSource;
import vit.kernels.verify.PlantedFaults;

/**
 * A JUnit test of a kernel: a class that implements this gives the description of its kernel and nothing else. It needs a constructor without arguments,
 * because other JVMs make an object of it too.
 *
 * <p>Every {@link vit.kernels.verify.Check} is a test of its own. Another test plants every fault into the kernel and requires that the checks find it.
 * With {@code -Dvit.verify.case="KERNEL: CASE"}, as a failure's message has it, the tests run that case alone.
 */
public interface KernelVerification extends KernelSource {

    /** The number of cases of each check. */
    default int tries() {
        return 200;
    }

    /** What decides the cases. */
    default long seed() {
        return 1;
    }

    /** Runs every check that applies to the kernel and prints a line about each. */
    @TestFactory
    default Stream<DynamicTest> kernelPassesEveryCheck() {
        Battery battery = Battery.of(this).tries(tries()).seed(seed()).command("mvn test -Dtest=" + getClass().getSimpleName());
        return battery.checks().stream().map(check -> DynamicTest.dynamicTest(check.sentence(), () -> battery.run(check).forEach(System.out::println)));
    }

    /** Plants every fault that the kernel could have and prints which check found it, and how small the case is that shows it. */
    @Test
    default void plantedFaultsAreCaught() {
        Assumptions.assumeTrue(System.getProperty(Battery.CASE) == null, "a single case runs");
        PlantedFaults.allCaught(this).forEach(System.out::println);
    }
}
