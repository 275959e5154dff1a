package vit.model.cli;

import java.util.List;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;
import picocli.CommandLine.UnmatchedArgumentException;

/** {@code vit help COMMAND}: as {@code vit COMMAND --help}. */
@Command(name = "help", description = "Show how to call a command.")
final class Help implements Runnable {

    @Parameters(paramLabel = "COMMAND", arity = "0..1", description = "The command to describe; default: a list of all commands.")
    private String name;

    @Spec
    private CommandSpec spec;

    @Override
    public void run() {
        CommandLine all = spec.parent().commandLine();
        CommandLine asked = name == null ? all : all.getSubcommands().get(name);
        if (asked == null) {
            throw new UnmatchedArgumentException(all, List.of(name));
        }
        asked.usage(spec.commandLine().getOut(), spec.commandLine().getColorScheme());
    }
}
