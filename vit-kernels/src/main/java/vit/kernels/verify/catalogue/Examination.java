package vit.kernels.verify.catalogue;

import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import vit.kernels.parallel.Workers;
import vit.kernels.tensor.TensorArena;
import vit.kernels.verify.ExecutionMode;

/**
 * Examines kernels in this JVM, at its vector width and as it executes: their bits for the published draw, and random cases against the reference. It
 * belongs to one thread.
 */
public final class Examination implements AutoCloseable {

    /** Every team up to this size takes part; of larger ones, only the largest and that of half its size. */
    private static final int EVERY_TEAM = 8;

    private final List<Kernel> kernels;
    private final List<Workers> teams = new ArrayList<>();
    private final int threads;
    private final Findings findings;
    private final Set<String> wrong = new HashSet<>();
    private final Tally[] tallies;

    private static final class Tally {
        long cases;
        double worst;
        String where = "";
    }

    /**
     * An examination with teams of 1 to {@code threads} workers. Their threads park at once when they wait, so there may be more of them than
     * processors.
     */
    public Examination(List<Kernel> kernels, int threads, Findings findings) {
        this.kernels = kernels;
        this.threads = threads;
        this.findings = findings;
        this.tallies = new Tally[kernels.size()];
        for (int i = 0; i < tallies.length; i++) {
            tallies[i] = new Tally();
        }
        for (int count : sizes(threads)) {
            teams.add(Workers.of(count, 0));
        }
    }

    private static Set<Integer> sizes(int threads) {
        Set<Integer> sizes = new TreeSet<>();
        for (int count = 1; count <= Math.min(threads, EVERY_TEAM); count++) {
            sizes.add(count);
        }
        sizes.add(Math.max(1, threads / 2));
        sizes.add(threads);
        return sizes;
    }

    /**
     * Examines as a JVM that executes in this way is to be examined.
     *
     * @param nanos how long this may take if random cases are compared; every kernel has at least one
     */
    public void run(ExecutionMode execution, long seed, long nanos) {
        long until = System.nanoTime() + nanos;
        bits(execution.rounds(), execution.isComparing());
        if (execution.isComparing()) {
            cases(seed, until);
            bits(1, false); // again, because by now the code is compiled
        }
    }

    /** Runs the published draw of every kernel {@code rounds} times with every team, and compares its outputs with the reference if asked to. */
    public void bits(int rounds, boolean withReference) {
        for (int i = 0; i < kernels.size(); i++) {
            Kernel kernel = kernels.get(i);
            Tally tally = tallies[i];
            guarded(kernel, () -> {
                String hash = bits(kernel, rounds, withReference ? tally : null);
                if (hash != null) {
                    findings.bits(kernel.name(), hash);
                }
            });
        }
    }

    /** The hash of a kernel's outputs, or null if there is none. */
    private String bits(Kernel kernel, int rounds, Tally tally) {
        try (TensorArena arena = TensorArena.open()) {
            Call call = kernel.call(Draw.published(arena, kernel, threads));
            String untouched = call.hash();
            String first = null;
            for (int round = 0; round < rounds; round++) {
                for (Workers team : teams) {
                    String hash = call.run(team);
                    if (first == null) {
                        first = hash;
                        if (hash.equals(untouched)) {
                            return fault(kernel, "the outputs hold what they held before the call");
                        }
                        if (tally != null && !compare(kernel, call, tally, "the published case")) {
                            return first;
                        }
                    } else if (!hash.equals(first)) {
                        return fault(kernel, "other bits with " + threads(team) + " in round " + (round + 1) + " than with 1 thread in the first: "
                                + hash + " and " + first);
                    }
                }
            }
            return first;
        }
    }

    private String fault(Kernel kernel, String what) {
        wrong.add(kernel.name());
        findings.fault(kernel.name(), what);
        return null;
    }

    private static String threads(Workers team) {
        return team.count() + (team.count() == 1 ? " thread" : " threads");
    }

    /** Compares what the last run left with the reference. */
    private boolean compare(Kernel kernel, Call call, Tally tally, String what) {
        Deviation worst = call.compare();
        if (worst.isTooLarge()) {
            fault(kernel, what + ": " + worst);
            return false;
        }
        tally.cases++;
        if (worst.share() > tally.worst) {
            tally.worst = worst.share();
            tally.where = worst.where() + ", " + what;
        }
        return true;
    }

    /**
     * Compares random cases with the reference, each kernel in turn, until the time is over; at least one case of each. The seed decides case by case
     * what is compared, and the time how many cases.
     *
     * @param until a time of {@link System#nanoTime}
     */
    public void cases(long seed, long until) {
        long number = 0;
        do {
            number++;
            for (int i = 0; i < kernels.size() && (number == 1 || System.nanoTime() - until < 0); i++) {
                Kernel kernel = kernels.get(i);
                Tally tally = tallies[i];
                long n = number;
                guarded(kernel, () -> oneCase(kernel, tally, seed, n));
            }
        } while (System.nanoTime() - until < 0 && wrong.size() < kernels.size());
        for (int i = 0; i < kernels.size(); i++) {
            findings.compared(kernels.get(i).name(), tallies[i].cases, tallies[i].worst, tallies[i].where);
        }
    }

    /** Runs a case with two teams, which must give the same bits, and compares the first result with the reference. */
    private void oneCase(Kernel kernel, Tally tally, long seed, long number) {
        Workers first = teams.get((int) (number % teams.size()));
        Workers second = teams.get((int) ((number + 1) % teams.size()));
        String what = "case " + number + " of seed " + seed;
        try (TensorArena arena = TensorArena.open()) {
            Draw draw = Draw.random(arena, kernel, seed, number, threads);
            Call call = kernel.call(draw);
            String hash = call.run(first);
            if (!compare(kernel, call, tally, what)) {
                return;
            }
            if (!call.run(second).equals(hash)) {
                fault(kernel, what + ": other bits with " + threads(second) + " than with " + threads(first));
                return;
            }
            draw.assertGuardsIntact();
        }
    }

    /** Gives a kernel its turn. Whatever it throws is a fault of it. */
    private void guarded(Kernel kernel, Runnable turn) {
        if (wrong.contains(kernel.name())) {
            return;
        }
        findings.running(kernel.name());
        try {
            turn.run();
        } catch (RuntimeException | AssertionError e) {
            fault(kernel, "it threw " + e);
        }
    }

    /** Ends the teams. */
    @Override
    public void close() {
        teams.forEach(Workers::close);
    }
}
