package vit.kernels.verify;

import java.util.List;

/**
 * What {@link KernelVerification} found.
 *
 * @param kernels what was found in each kernel, in the catalogue's order
 * @param runs    what was examined, in the order in which it was
 * @param seed    the seed of the random cases
 * @param threads the largest team
 * @param seconds how long it took
 */
public record VerificationReport(List<KernelResult> kernels, List<Run> runs, long seed, int threads, double seconds) {

    /** Copies the lists. */
    public VerificationReport {
        kernels = List.copyOf(kernels);
        runs = List.copyOf(runs);
    }

    /**
     * A JVM that examined the kernels.
     *
     * @param bits      the width of its vectors
     * @param execution how it executed
     * @param seconds   how long it took
     */
    public record Run(int bits, ExecutionMode execution, double seconds) {

        /** The run in words, such as {@code 256 bits, C1}. */
        public String words() {
            return bits + " bits, " + execution.words();
        }
    }

    /**
     * The bits that a kernel gave in one run.
     *
     * @param bits      the width of the vectors
     * @param execution how the JVM executed
     * @param hash      the hash of the kernel's outputs
     */
    public record Bits(int bits, ExecutionMode execution, String hash) {}

    /**
     * What was found in a kernel.
     *
     * @param kernel    its name
     * @param published the hash that every machine must give; empty if none is published
     * @param bits      the hashes that it gave
     * @param cases     how many calls were compared with the reference
     * @param worst     the worst error within its bound, in units of the bound; 0 if every bit agreed
     * @param where     the output, the element and the case of that error; empty if there was none
     * @param faults    what is wrong, one sentence each, which begins with the run; empty if all is right
     */
    public record KernelResult(String kernel, String published, List<Bits> bits, long cases, double worst, String where, List<String> faults) {

        /** Copies the lists. */
        public KernelResult {
            bits = List.copyOf(bits);
            faults = List.copyOf(faults);
        }

        /** Whether nothing is wrong. */
        public boolean isRight() {
            return faults.isEmpty();
        }

        /** Whether all runs at a width gave the published bits. */
        public boolean hasPublishedBits(int width) {
            List<Bits> found = bits.stream().filter(one -> one.bits == width).toList();
            return !found.isEmpty() && found.stream().allMatch(one -> one.hash.equals(published));
        }
    }

    /** Whether nothing is wrong in any kernel. */
    public boolean isRight() {
        return kernels.stream().allMatch(KernelResult::isRight);
    }

    /** The kernels in which something is wrong. */
    public List<KernelResult> wrong() {
        return kernels.stream().filter(kernel -> !kernel.isRight()).toList();
    }

    /** The widths at which kernels were examined, ascending. */
    public List<Integer> widths() {
        return runs.stream().map(Run::bits).distinct().sorted().toList();
    }

    /** How many calls were compared with the reference in all. */
    public long cases() {
        return kernels.stream().mapToLong(KernelResult::cases).sum();
    }
}
