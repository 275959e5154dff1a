package vit.model.cli;

import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;
import picocli.CommandLine.Spec.Target;

/** {@code --top K}: how many classes, or images, to name for each image. */
final class TopOption {

    @Spec(Target.MIXEE)
    private CommandSpec spec;

    private int count;

    @Option(names = "--top", paramLabel = "K", defaultValue = "5", description = "How many to name for each image, the best first; default: ${DEFAULT-VALUE}.")
    void setCount(int value) {
        if (value < 1) {
            throw new ParameterException(spec.commandLine(), "Invalid value for option '--top': expected 1 or more, found " + value);
        }
        count = value;
    }

    int count() {
        return count;
    }
}
