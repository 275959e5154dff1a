package vit.kernels.verify.jqwik;

import org.junit.jupiter.api.condition.DisabledIfSystemProperty;
import vit.kernels.samples.Samples;
import vit.kernels.verify.KernelSpec;

/** The test that a user writes: a class with the description of a kernel. JUnit runs the battery and plants the faults. */
@DisabledIfSystemProperty(named = "vit.test.bits", matches = ".+", disabledReason = "the run at the machine's own width starts JVMs of all widths")
class KernelVerificationTest implements KernelVerification {

    @Override
    public KernelSpec kernel() {
        return new Samples.ArraySoftmax().kernel();
    }

    @Override
    public int tries() {
        return 60;
    }
}
