package vit.model.cli;

import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;
import picocli.CommandLine.Spec.Target;

/** {@code --batch}: how many images a thread computes in one pass. */
final class BatchOption {

    private static final int MOST = 1024;

    @Spec(Target.MIXEE)
    private CommandSpec spec;

    private int count;

    @Option(names = "--batch", paramLabel = "N", defaultValue = "1",
            description = "Most images that a thread computes in one pass. More of them take more memory and give the same results; small models may be faster;"
                    + " default: ${DEFAULT-VALUE}.")
    void setCount(int value) {
        if (value < 1 || value > MOST) {
            throw new ParameterException(spec.commandLine(), "Invalid value for option '--batch': expected 1 to " + MOST + ", found " + value);
        }
        count = value;
    }

    int count() {
        return count;
    }
}
