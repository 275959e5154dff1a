package vit.kernels.verify;

import java.util.List;
import vit.kernels.parallel.Workers;

/**
 * What {@link KernelVerification} does.
 *
 * @param seed     decides the random cases
 * @param seconds  about how long it may take in all. Bits come first; what is left is for random cases, of which every kernel has at least one at each
 *                 width
 * @param threads  the largest team
 * @param kernels  names of kernels, or of operations such as {@code layernorm}; empty for all kernels
 * @param children whether JVMs are started for narrower vectors, for the interpreter and for each compiler. Otherwise only this JVM is examined
 */
public record VerificationOptions(long seed, double seconds, int threads, List<String> kernels, boolean children) {

    private static final double USUAL_SECONDS = 60;
    private static final double MOST_SECONDS = 86_400;

    /**
     * Checks the options.
     *
     * @throws IllegalArgumentException if the seconds are not within 0 to 86,400, or the threads not within 1 to {@link Workers#MAX_COUNT}
     */
    public VerificationOptions {
        if (!(seconds >= 0 && seconds <= MOST_SECONDS)) {
            throw new IllegalArgumentException("seconds: expected 0 to " + (int) MOST_SECONDS + ", found " + seconds);
        }
        if (threads < 1 || threads > Workers.MAX_COUNT) {
            throw new IllegalArgumentException("threads: expected 1 to " + Workers.MAX_COUNT + ", found " + threads);
        }
        kernels = List.copyOf(kernels);
    }

    /** All kernels in about a minute, in this JVM and in others, with as many threads as there are processors. */
    public static VerificationOptions defaults() {
        return new VerificationOptions(1, USUAL_SECONDS, Math.min(Runtime.getRuntime().availableProcessors(), Workers.MAX_COUNT), List.of(), true);
    }

    /** With another seed. */
    public VerificationOptions withSeed(long seed) {
        return new VerificationOptions(seed, seconds, threads, kernels, children);
    }

    /** With another time. */
    public VerificationOptions withSeconds(double seconds) {
        return new VerificationOptions(seed, seconds, threads, kernels, children);
    }

    /** With another largest team. */
    public VerificationOptions withThreads(int threads) {
        return new VerificationOptions(seed, seconds, threads, kernels, children);
    }

    /** With some kernels only. */
    public VerificationOptions withKernels(List<String> kernels) {
        return new VerificationOptions(seed, seconds, threads, kernels, children);
    }

    /** With or without JVMs beside this one. */
    public VerificationOptions withChildren(boolean children) {
        return new VerificationOptions(seed, seconds, threads, kernels, children);
    }
}
