package vit.kernels.verify;

import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.Locale;
import java.util.Map;
import java.util.stream.Collectors;
import vit.kernels.parallel.Workers;
import vit.kernels.simd.Simd;
import vit.kernels.verify.catalogue.Catalogue;
import vit.kernels.verify.catalogue.Examination;
import vit.kernels.verify.catalogue.Findings;
import vit.kernels.verify.catalogue.PublishedBits;

/**
 * The quick check that this JVM on this machine computes rightly: whether every kernel gives the bits that are published with this version, at the
 * vector width in use and with every number of threads. A service may call it at its start. It takes about a second on one processor and some
 * megabytes, most of the time for code that is not yet compiled; nothing remains afterwards. {@link KernelVerification} also compares random cases with
 * the references, at other widths, and takes a minute.
 */
public final class KernelBits {

    private KernelBits() {}

    /**
     * What a check found.
     *
     * @param kernels how many kernels were checked
     * @param bits    the width of the vectors
     * @param threads the largest team
     * @param wrong   the kernels that are wrong, with what is wrong; empty if all are right
     * @param seconds how long it took
     */
    public record Result(int kernels, int bits, int threads, Map<String, String> wrong, double seconds) {

        /** Whether every kernel gave the published bits. */
        public boolean isRight() {
            return wrong.isEmpty();
        }

        /**
         * Returns this result if all is right.
         *
         * @throws IllegalStateException if a kernel gave other bits; the message names all of them
         */
        public Result orThrow() {
            if (!isRight()) {
                throw new IllegalStateException("this machine or JVM does not compute as published: " + this);
            }
            return this;
        }

        /** The result in a sentence. */
        @Override
        public String toString() {
            String what = String.format(Locale.ROOT, "%d kernels at %d bits with 1 to %d threads in %.1f s", kernels, bits, threads, seconds);
            return isRight() ? "the published bits in " + what : wrong.size() + " of " + what + ": "
                    + wrong.entrySet().stream().map(entry -> entry.getKey() + " (" + entry.getValue() + ")").collect(Collectors.joining("; "));
        }
    }

    /**
     * Checks all kernels with teams of 1 up to as many workers as there are processors.
     *
     * @throws IllegalStateException if this JVM runs the reference, or lacks the Vector API's module
     */
    public static Result check() {
        return check(Math.min(Runtime.getRuntime().availableProcessors(), Workers.MAX_COUNT));
    }

    /**
     * Checks all kernels with teams of 1 to {@code threads} workers; beyond 8, with the largest and that of half its size.
     *
     * @throws IllegalArgumentException if {@code threads} is not in 1 to {@link Workers#MAX_COUNT}
     * @throws IllegalStateException    if this JVM runs the reference, or lacks the Vector API's module
     */
    public static Result check(int threads) {
        KernelVerification.requireSimd();
        long start = System.nanoTime();
        Map<String, String> published = PublishedBits.read();
        Map<String, String> wrong = new LinkedHashMap<>();
        try (Examination examination = new Examination(Catalogue.kernels(), threads, new Findings() {
            @Override
            public void running(String kernel) {
                // a second is too short for progress
            }

            @Override
            public void bits(String kernel, String hash) {
                if (!hash.equals(published.get(kernel))) {
                    wrong.put(kernel, "its bits are " + hash + ", published are " + published.getOrDefault(kernel, "none"));
                }
            }

            @Override
            public void compared(String kernel, long cases, double worst, String where) {
                throw new IllegalStateException("nothing is compared with references here");
            }

            @Override
            public void fault(String kernel, String what) {
                wrong.put(kernel, what);
            }
        })) {
            examination.bits(1, false);
        }
        return new Result(Catalogue.kernels().size(), Simd.BITS, threads, Collections.unmodifiableMap(wrong), (System.nanoTime() - start) / 1e9);
    }
}
