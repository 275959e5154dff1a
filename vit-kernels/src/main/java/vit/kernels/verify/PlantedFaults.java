package vit.kernels.verify;

import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/**
 * Plants every {@link Fault} into a kernel and requires that its battery finds each. So a test shows that it can fail: that its bounds are close
 * enough, and that its dimensions and values cover enough.
 */
public final class PlantedFaults {

    /** Cases of each check: all sizes that show most faults. */
    private static final int TRIES = 80;

    private PlantedFaults() {}

    /**
     * A fault that the battery found.
     *
     * @param fault   the fault
     * @param failure the check that failed, the number of cases until then, and the smallest case
     */
    public record Caught(Fault fault, KernelFailure failure) {

        /** One line: fault, check, tries, smallest case. */
        @Override
        public String toString() {
            String where = failure.kernelCase().map(found -> " at try " + failure.tries() + ", smallest " + found).orElse("");
            return fault + " (" + fault.sentence() + "): caught by " + failure.check() + where;
        }
    }

    /** The faults that a kernel could have. */
    public static List<Fault> of(KernelSpec spec) {
        List<Fault> faults = new ArrayList<>();
        for (Fault fault : Fault.values()) {
            if (fault.applies(spec)) {
                faults.add(fault);
            }
        }
        return faults;
    }

    /**
     * Plants every fault that the kernel could have and returns what found it. {@link Fault#MISSING_FMA} may be found only at another vector width, in a
     * JVM of its own.
     *
     * @throws KernelFailure if the kernel fails a check without any fault, so that nothing would be proved
     * @throws AssertionError if a fault is not found; the message says which and what to do
     */
    public static List<Caught> allCaught(KernelSource source) {
        KernelSpec spec = source.kernel();
        Battery sound = Battery.of(spec).tries(TRIES);
        sound.checks().stream().filter(Check::isByCase).forEach(sound::run);
        List<Caught> caught = new ArrayList<>();
        List<String> missed = new ArrayList<>();
        for (Fault fault : of(spec)) {
            Optional<KernelFailure> failure = find(source, spec, fault);
            if (failure.isPresent()) {
                caught.add(new Caught(fault, failure.get()));
            } else {
                missed.add(fault + " (" + fault.sentence() + ")");
            }
        }
        if (!missed.isEmpty()) {
            throw new AssertionError(spec.name() + ": the battery passes although these faults were planted: " + missed
                    + ". Derive closer bounds, or allow more sizes and values; caught were: " + caught);
        }
        return caught;
    }

    private static Optional<KernelFailure> find(KernelSource source, KernelSpec spec, Fault fault) {
        Battery battery = Battery.of(fault.in(spec)).tries(TRIES);
        for (Check check : battery.checks()) {
            if (check.isByCase() || fault == Fault.ALLOCATION) {
                try {
                    battery.run(check);
                } catch (KernelFailure e) {
                    return Optional.of(e);
                }
            }
        }
        if (fault == Fault.MISSING_FMA) {
            try {
                OtherJvms.sameBits(spec, OtherJvms.loadable(source.getClass()), fault,
                        List.of(new OtherJvms.Kind(OtherJvms.Compiler.INTERPRETER, 128), new OtherJvms.Kind(OtherJvms.Compiler.INTERPRETER, 256)));
            } catch (AssertionError e) {
                return Optional.of(new KernelFailure(spec.name(), Check.JVMS, e.getMessage(), e, null, 1));
            }
        }
        return Optional.empty();
    }
}
