package vit.kernels.verify;

import java.util.List;

/** How a JVM executes the kernels that it examines. */
public enum ExecutionMode {

    /** As this JVM executes, whatever its options: interpreted at first, then compiled. */
    THIS_JVM("this JVM", 1, true, List.of()),

    /** As a JVM executes without further options, but compiled after a twentieth of the usual number of calls. */
    COMPILED("compiled", 1, true, List.of("-XX:CompileThresholdScaling=0.05")),

    /** The interpreter alone, with one thread. */
    INTERPRETER("interpreter", 1, false, List.of("-Xint")),

    /** C1 alone, the first compiler. */
    C1("C1", 8, false, List.of("-XX:TieredStopAtLevel=1", "-XX:CompileThresholdScaling=0.05", "-Xbatch")),

    /** C2 alone, the optimising compiler. */
    C2("C2", 18, false, List.of("-XX:-TieredCompilation", "-XX:CompileThresholdScaling=0.05"));

    private final String words;
    private final int rounds;
    private final boolean comparing;
    private final List<String> options;

    ExecutionMode(String words, int rounds, boolean comparing, List<String> options) {
        this.words = words;
        this.rounds = rounds;
        this.comparing = comparing;
        this.options = options;
    }

    /** What people call it. */
    public String words() {
        return words;
    }

    /** How many times every kernel is called with every team before its bits count as the same, so that the compiler has its turn. */
    public int rounds() {
        return rounds;
    }

    /** Whether random cases are compared with the reference as well. */
    public boolean isComparing() {
        return comparing;
    }

    /** The largest team, where {@code most} are asked for. */
    int threads(int most) {
        return this == INTERPRETER ? 1 : most;
    }

    /** The options of a JVM that executes so. */
    List<String> options() {
        return options;
    }
}
