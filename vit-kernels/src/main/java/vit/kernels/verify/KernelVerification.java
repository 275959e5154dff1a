package vit.kernels.verify;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.function.Consumer;
import vit.kernels.simd.Implementation;
import vit.kernels.simd.Simd;
import vit.kernels.verify.catalogue.Catalogue;
import vit.kernels.verify.catalogue.Examination;
import vit.kernels.verify.catalogue.ExaminationChild;
import vit.kernels.verify.catalogue.Findings;
import vit.kernels.verify.catalogue.Kernel;
import vit.kernels.verify.catalogue.PublishedBits;

/**
 * Verifies this library's kernels on the machine where it runs. Every kernel must give the bits that are published with this version, with every number
 * of threads, at the width of this machine's vectors and at the narrower ones, interpreted and compiled; and it must stay within a derived bound of its
 * scalar reference in random cases. It takes about a minute, most of a processor and some megabytes. {@link KernelBits} is the short form for a
 * service's start.
 *
 * <p>Vectors wider than the machine's are not examined, because the JDK emulates them slowly; start this JVM with {@code -Dvit.simd.bits=512} for that.
 */
public final class KernelVerification {

    private static final int[] WIDTHS = {128, 256, 512};

    private final VerificationOptions options;
    private final Consumer<String> progress;
    private final List<Kernel> kernels;
    private final Map<String, String> published = PublishedBits.read();
    private final Map<String, Found> found = new LinkedHashMap<>();
    private final List<VerificationReport.Run> runs = new ArrayList<>();
    private final long start = System.nanoTime();

    /** What was found in a kernel so far. */
    private static final class Found {
        private final List<VerificationReport.Bits> bits = new ArrayList<>();
        private final List<String> faults = new ArrayList<>();
        private long cases;
        private double worst;
        private String where = "";
    }

    private KernelVerification(VerificationOptions options, Consumer<String> progress) {
        this.options = options;
        this.progress = progress;
        this.kernels = options.kernels().isEmpty() ? Catalogue.kernels() : Catalogue.matching(options.kernels());
        kernels.forEach(kernel -> found.put(kernel.name(), new Found()));
    }

    /** The names of all kernels. */
    public static List<String> kernels() {
        return Catalogue.kernels().stream().map(Kernel::name).toList();
    }

    /** The names of the kernels that a name means: that of a kernel, or of an operation such as {@code layernorm}. Empty if there is none. */
    public static List<String> kernels(String name) {
        return Catalogue.kernels().stream().filter(kernel -> kernel.isNamed(name)).map(Kernel::name).toList();
    }

    /**
     * Verifies kernels.
     *
     * @throws IllegalArgumentException if a name in the options names no kernel; the message lists the kernels there are
     * @throws IllegalStateException    if this JVM runs the reference, or lacks the Vector API's module
     */
    public static VerificationReport verify(VerificationOptions options) {
        return verify(options, text -> { });
    }

    /**
     * Verifies kernels and says what it is at.
     *
     * @param progress receives a few words in the calling thread, many times a second
     * @throws IllegalArgumentException if a name in the options names no kernel; the message lists the kernels there are
     * @throws IllegalStateException    if this JVM runs the reference, or lacks the Vector API's module
     */
    public static VerificationReport verify(VerificationOptions options, Consumer<String> progress) {
        requireSimd();
        return new KernelVerification(options, progress).run();
    }

    /** The published bits are those of the vector code. */
    static void requireSimd() {
        if (Implementation.require() == Implementation.REFERENCE) {
            throw new IllegalStateException("-Dvit.kernels=reference runs the references themselves, so there is nothing to verify; leave it out");
        }
    }

    private VerificationReport run() {
        if (options.children()) {
            run(Simd.BITS, ExecutionMode.INTERPRETER, 0);
            for (int bits : widths()) {
                run(bits, ExecutionMode.C1, 0);
            }
            run(Simd.BITS, ExecutionMode.C2, 0);
        }
        List<Integer> widths = options.children() ? widths() : List.of(Simd.BITS);
        for (int i = 0; i < widths.size(); i++) {
            double left = options.seconds() - seconds();
            run(widths.get(i), widths.get(i) == Simd.BITS ? ExecutionMode.THIS_JVM : ExecutionMode.COMPILED, left / (widths.size() - i));
        }
        List<VerificationReport.KernelResult> results = new ArrayList<>();
        found.forEach((kernel, one) -> results.add(new VerificationReport.KernelResult(kernel, published.getOrDefault(kernel, ""), one.bits, one.cases,
                one.worst, one.where, one.faults)));
        return new VerificationReport(results, runs, options.seed(), options.threads(), seconds());
    }

    /** The width in use and the narrower ones, the widest first. */
    private static List<Integer> widths() {
        List<Integer> widths = new ArrayList<>();
        for (int bits : WIDTHS) {
            if (bits <= Simd.BITS) {
                widths.addFirst(bits);
            }
        }
        return widths;
    }

    private double seconds() {
        return (System.nanoTime() - start) / 1e9;
    }

    /** @param seconds how long the run may take, if it compares random cases */
    private void run(int bits, ExecutionMode execution, double seconds) {
        long begin = System.nanoTime();
        long nanos = (long) (Math.max(0, seconds) * 1e9);
        Collector collector = new Collector(bits, execution);
        if (execution == ExecutionMode.THIS_JVM) {
            try (Examination examination = new Examination(kernels, options.threads(), collector)) {
                examination.run(execution, options.seed(), nanos);
            }
        } else {
            ExaminationChild.run(bits, execution, execution.options(), options.seed(), nanos, execution.threads(options.threads()), kernels,
                    collector);
        }
        collector.end();
        runs.add(new VerificationReport.Run(bits, execution, (System.nanoTime() - begin) / 1e9));
    }

    /** Collects the findings of one run. */
    private final class Collector implements Findings {
        private final VerificationReport.Run run;
        private final Map<String, String> seen = new HashMap<>();
        private final Set<String> wrong = new HashSet<>();

        Collector(int bits, ExecutionMode execution) {
            run = new VerificationReport.Run(bits, execution, 0);
        }

        @Override
        public void running(String kernel) {
            progress.accept(String.format(Locale.ROOT, "%.0f s of about %.0f: %s, %s", seconds(), options.seconds(), run.words(), kernel));
        }

        @Override
        public void bits(String kernel, String hash) {
            if (hash.equals(seen.put(kernel, hash))) {
                return; // again at the end of the run
            }
            Found one = found.get(kernel);
            one.bits.add(new VerificationReport.Bits(run.bits(), run.execution(), hash));
            String expected = published.get(kernel);
            if (!hash.equals(expected)) {
                fault(kernel, expected == null ? "no bits are published for it" : "its bits are " + hash + ", published are " + expected);
            }
        }

        @Override
        public void compared(String kernel, long cases, double worst, String where) {
            Found one = found.get(kernel);
            one.cases += cases;
            if (worst > one.worst) {
                one.worst = worst;
                one.where = where + ", " + run.bits() + " bits";
            }
        }

        @Override
        public void fault(String kernel, String what) {
            wrong.add(kernel);
            found.get(kernel).faults.add(run.words() + ": " + what);
        }

        /** A JVM that ended early has left kernels out. */
        void end() {
            for (Kernel kernel : kernels) {
                if (!seen.containsKey(kernel.name()) && !wrong.contains(kernel.name())) {
                    fault(kernel.name(), "not examined, because the JVM ended before");
                }
            }
        }
    }
}
