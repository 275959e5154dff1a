package vit.kernels.verify;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.stream.Collectors;
import vit.kernels.tensor.TensorArena;

/**
 * Runs every {@link Check} that applies to a kernel and to its backward pass. A failure is shrunk to the smallest case that shows it, and says how to
 * run that case again. Everything follows from a seed, so two runs try the same cases.
 *
 * <p>The system property {@value #CASE} restricts a battery to one case: {@code -Dvit.verify.case="softmax: rows=1 columns=7"}. A battery belongs to
 * one thread at a time.
 */
public final class Battery {

    /** The system property with the one case to run: the kernel's name, a colon, and a {@link KernelCase}. */
    public static final String CASE = "vit.verify.case";

    private static final int TRIES = 200;
    private static final int GRADIENT_SHAPES = 20;
    private static final int GRADIENT_SIZES = 6;
    private static final int ALLOCATION_CALLS = 100;

    private final KernelSpec spec;
    private final Class<? extends KernelSource> source; // null if other JVMs cannot load it
    private final Map<KernelSpec, CaseChecks> units = new LinkedHashMap<>(); // the kernel, and its backward pass
    private int tries = TRIES;
    private long seed = 1;
    private String command;

    private Battery(KernelSpec spec, Class<? extends KernelSource> source) {
        this.spec = spec;
        this.source = source;
        units.put(spec, new CaseChecks(spec, null));
        spec.backward().ifPresent(backward -> units.put(backward, new CaseChecks(backward, spec)));
    }

    /** The battery of a kernel in this JVM alone. */
    public static Battery of(KernelSpec spec) {
        return new Battery(spec, null);
    }

    /**
     * The battery of a kernel in this JVM and in others.
     *
     * @throws IllegalArgumentException if other JVMs cannot load the class of {@code source}: a lambda, or a class without a constructor without
     *     arguments
     */
    public static Battery of(KernelSource source) {
        return new Battery(source.kernel(), OtherJvms.loadable(source.getClass()));
    }

    /** The number of cases of each check; {@value #TRIES} unless this says another. Checks of gradients and in other JVMs have fewer. */
    public Battery tries(int count) {
        tries = count;
        return this;
    }

    /** What decides the cases; 1 unless this says another. */
    public Battery seed(long value) {
        seed = value;
        return this;
    }

    /** The command that runs this battery, such as {@code mvn test -Dtest=SoftmaxTest}: a failure's message shows it with the case to run again. */
    public Battery command(String line) {
        command = line;
        return this;
    }

    /** The checks that apply to this kernel, in the order in which {@link #run()} runs them. */
    public List<Check> checks() {
        List<Check> checks = new ArrayList<>();
        for (Check check : Check.values()) {
            if (units.keySet().stream().anyMatch(unit -> applies(check, unit))) {
                checks.add(check);
            }
        }
        return checks;
    }

    private boolean applies(Check check, KernelSpec unit) {
        return switch (check) {
            case LAYOUTS -> unit.memory().hasOffsets();
            case THREADS -> unit.isThreaded();
            case BATCH -> unit.batch() != null;
            case GRADIENTS -> unit.backward().isPresent();
            case JVMS -> source != null && unit == spec;
            case ALLOCATION -> !unit.allocates() && Allocation.isMeaningful();
            default -> true;
        };
    }

    /**
     * Runs all checks that apply and returns a line about each.
     *
     * @throws KernelFailure if the kernel fails one
     */
    public List<String> run() {
        List<String> lines = new ArrayList<>();
        for (Check check : checks()) {
            lines.addAll(run(check));
        }
        return lines;
    }

    /**
     * Runs one check on the kernel and its backward pass and returns a line about each.
     *
     * @throws KernelFailure if the kernel fails it
     */
    public List<String> run(Check check) {
        String only = System.getProperty(CASE);
        List<String> lines = new ArrayList<>();
        for (KernelSpec unit : units.keySet()) {
            if (applies(check, unit)) {
                if (!check.isByCase()) {
                    lines.add(only == null ? whole(check, unit) : unit.name() + " " + check.sentence() + ": left out for " + CASE);
                } else if (only == null) {
                    lines.add(byCase(check, unit, cases(check, unit)));
                } else if (only.startsWith(unit.name() + ":")) {
                    lines.add(byCase(check, unit, List.of(KernelCase.parse(only.substring(unit.name().length() + 1)))));
                }
            }
        }
        return lines;
    }

    /**
     * Runs one check on one case, without shrinking.
     *
     * @param kernelCase the kernel's name or its backward pass's, a colon, and the text of a {@link KernelCase}, as messages print it
     * @throws KernelFailure if the kernel fails it
     * @throws IllegalArgumentException if the text names another kernel, or the check does not apply to it
     */
    public void check(Check check, String kernelCase) {
        for (KernelSpec unit : units.keySet()) {
            if (kernelCase.startsWith(unit.name() + ":") && check.isByCase() && applies(check, unit)) {
                KernelCase parsed = KernelCase.parse(kernelCase.substring(unit.name().length() + 1));
                Throwable cause = failure(check, unit, parsed);
                if (cause != null) {
                    throw failure(check, unit, cause, parsed, 1, "");
                }
                return;
            }
        }
        throw new IllegalArgumentException("no check " + check + " of " + kernelCase + " among the kernels " + names());
    }

    private String names() {
        return units.keySet().stream().map(KernelSpec::name).collect(Collectors.joining(", "));
    }

    private List<KernelCase> cases(Check check, KernelSpec unit) {
        return check == Check.GRADIENTS ? Cases.small(unit, GRADIENT_SHAPES, GRADIENT_SIZES, seed) : Cases.of(unit, tries, seed);
    }

    private String byCase(Check check, KernelSpec unit, List<KernelCase> cases) {
        int tried = 0;
        for (KernelCase kernelCase : cases) {
            tried++;
            Throwable cause = failure(check, unit, kernelCase);
            if (cause != null) {
                Shrinking shrinking = new Shrinking(unit, kernelCase, cause, candidate -> {
                    Throwable found = failure(check, unit, candidate);
                    return found != null && found.getClass() == cause.getClass() ? found : null;
                }).search();
                String origin = "\n    smallest failing case, after " + shrinking.runs() + " runs, of case " + tried + " of " + cases.size() + ": " + kernelCase;
                throw failure(check, unit, shrinking.cause(), shrinking.smallest(), tried, origin);
            }
        }
        String line = unit.name() + " " + check.sentence() + ": " + cases.size() + " cases";
        return check == Check.REFERENCE ? line + units.get(unit).comparisons().values().stream().map(Comparison::summary)
                .collect(Collectors.joining("\n    ", "\n    ", "")) : line;
    }

    /** How the kernel fails, or null. */
    private Throwable failure(Check check, KernelSpec unit, KernelCase kernelCase) {
        try {
            units.get(unit).run(check, kernelCase);
            return null;
        } catch (AssertionError | RuntimeException e) {
            return e;
        }
    }

    private KernelFailure failure(Check check, KernelSpec unit, Throwable cause, KernelCase kernelCase, int tried, String origin) {
        String text = unit.name() + ": " + kernelCase;
        String what = cause instanceof AssertionError ? cause.getMessage() : "threw " + cause;
        String again = command == null ? "the same program with -D" + CASE + "=\"" + text + "\"" : command + " \"-D" + CASE + "=" + text + "\"";
        String message = unit.name() + " fails the check \"" + check.sentence() + "\"\n    " + what + origin
                + "\n    paste: Battery.of(kernel).check(Check." + check + ", \"" + text + "\");"
                + "\n    again: " + again;
        return new KernelFailure(unit.name(), check, message, cause, kernelCase, tried);
    }

    private String whole(Check check, KernelSpec unit) {
        try {
            return unit.name() + " " + check.sentence() + ": " + (check == Check.JVMS ? OtherJvms.sameBits(unit, Objects.requireNonNull(source), null, OtherJvms.all())
                    : allocation(unit));
        } catch (AssertionError e) {
            String again = command == null ? "" : "\n    again: " + command;
            throw new KernelFailure(unit.name(), check, unit.name() + " fails the check \"" + check.sentence() + "\"\n    " + e.getMessage() + again, e, null, 1);
        }
    }

    private String allocation(KernelSpec unit) {
        KernelSpec forward = unit == spec ? null : spec;
        int largest = unit.isThreaded() ? 2 : 1;
        int measured = 0;
        for (KernelCase kernelCase : Cases.of(unit, 3, seed)) {
            for (int threads = 1; threads <= largest; threads++) {
                Execution execution = Execution.of(unit, forward, kernelCase);
                try (TensorArena arena = TensorArena.open()) {
                    Runnable call = unit.call(execution.prepare(arena, execution.usual()), threads);
                    Allocation.assertNone(unit.name() + " with " + threads + " threads at " + kernelCase, ALLOCATION_CALLS, call);
                }
                measured++;
            }
        }
        return measured + " cases";
    }
}
