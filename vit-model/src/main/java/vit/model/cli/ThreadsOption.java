package vit.model.cli;

import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;
import picocli.CommandLine.Spec.Target;
import vit.kernels.parallel.Workers;

/** {@code --threads}, by default the number of available processors. */
final class ThreadsOption {

    @Spec(Target.MIXEE)
    private CommandSpec spec;

    private int count = Math.min(Runtime.getRuntime().availableProcessors(), Workers.MAX_COUNT);

    @Option(names = "--threads", paramLabel = "N", description = "Number of threads that compute; default: the number of processors.")
    void setCount(int value) {
        if (value < 1 || value > Workers.MAX_COUNT) {
            throw new ParameterException(spec.commandLine(),
                    "Invalid value for option '--threads': expected 1 to " + Workers.MAX_COUNT + ", found " + value);
        }
        count = value;
    }

    int count() {
        return count;
    }
}
