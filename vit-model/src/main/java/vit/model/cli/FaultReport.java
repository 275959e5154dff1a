package vit.model.cli;

import java.io.IOException;
import java.io.InterruptedIOException;
import java.io.PrintWriter;
import java.nio.file.AccessDeniedException;
import java.nio.file.DirectoryNotEmptyException;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.FileSystemException;
import java.nio.file.NoSuchFileException;
import java.nio.file.NotDirectoryException;
import java.util.List;
import picocli.CommandLine;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.UnmatchedArgumentException;
import vit.model.InputException;
import vit.model.NonFiniteException;
import vit.model.cli.StandardOutput.OutputFailure;
import vit.model.text.PrintableText;
import vit.model.train.DivergedException;

/**
 * How a failed command ends: one line {@code error: …} and one line {@code hint: …}.
 *
 * @param message what is wrong
 * @param hint    what to do
 */
record FaultReport(String message, String hint) {

    private static final int MOST_QUOTED = 60;
    private static final int LONGEST_LINE = 2000;

    private static final String DEBUG_HINT = "run it again with --debug to see where";

    private static final String DIVERGED_HINT =
            "a lower --lr, a longer --warmup or --clip 1 keeps numbers small; the last good epoch is in the output folder";

    /** The hint for a result that is NaN or infinite. */
    static final String NON_FINITE_HINT = "check whether the weight file is complete and its training ended with finite weights; vit compare shows every stage";

    static FaultReport of(Throwable fault) {
        return switch (fault) {
            case UnmatchedArgumentException e -> new FaultReport(unmatched(e), meant(e) + usageHint(e));
            case ParameterException e -> new FaultReport(e.getMessage(), usageHint(e));
            case CommandException e -> new FaultReport(e.getMessage(), e.hint());
            case DivergedException e -> new FaultReport(e.getMessage(), DIVERGED_HINT);
            case InputException e -> new FaultReport(e.fault(), e.remedy().orElse(DEBUG_HINT));
            case InterruptedIOException e -> new FaultReport(e.getMessage(), "the command was interrupted; run it again");
            case NonFiniteException e -> new FaultReport(e.getMessage(), NON_FINITE_HINT);
            case OutputFailure e -> new FaultReport("the results could not be written to standard output: " + reason((IOException) e.getCause()),
                    "check whether there is room where standard output goes");
            case IOException e -> new FaultReport(reason(e), hint(e));
            case ExceptionInInitializerError e when e.getCause() != null -> of(e.getCause());
            case OutOfMemoryError e -> new FaultReport("not enough memory: " + e.getMessage(),
                    "choose a smaller batch or model, or raise the heap, for example VIT_OPTS=-Xmx8g");
            case IllegalStateException e -> new FaultReport(e.getMessage(), "vit doctor shows what this JVM offers");
            default -> new FaultReport("internal fault: " + fault, DEBUG_HINT + ", and report it");
        };
    }

    /** Names the first unknown argument; a shell may have made hundreds of a pattern. */
    private static String unmatched(UnmatchedArgumentException e) {
        String first = e.getUnmatched().getFirst();
        String kind = isOption(first) ? "unknown option"
                : e.getCommandLine().getParent() == null ? "there is no command" : "unexpected argument";
        int more = e.getUnmatched().size() - 1;
        return kind + " '" + PrintableText.cut(PrintableText.line(first), MOST_QUOTED) + "'"
                + (more == 0 ? "" : ", and " + more + " more argument" + (more == 1 ? "" : "s") + " after it");
    }

    /** What may have been meant by the first unknown argument, as a sentence with a space behind it; empty if nothing comes near. */
    private static String meant(UnmatchedArgumentException e) {
        String first = e.getUnmatched().getFirst();
        CommandLine command = e.getCommandLine();
        boolean option = isOption(first);
        if (option && command.getParent() == null && command.getSubcommands().values().stream().anyMatch(sub -> knows(sub, first))) {
            return "the options of a command stand behind its name: vit COMMAND " + nameOf(first) + "; ";
        }
        List<String> near = option ? Suggestions.of(nameOf(first), command.getCommandSpec().optionsMap().keySet())
                : command.getParent() == null ? Suggestions.of(first, command.getSubcommands().keySet()) : List.of();
        return near.isEmpty() ? "" : "did you mean " + String.join(" or ", near) + "? ";
    }

    /** Whether an argument is written like an option. */
    static boolean isOption(String argument) {
        return argument.startsWith("-") && argument.length() > 1;
    }

    /** Whether {@code command} has the option that the argument names. */
    static boolean knows(CommandLine command, String argument) {
        return command.getCommandSpec().optionsMap().containsKey(nameOf(argument));
    }

    /** The option's name without the value that may be joined to it. */
    private static String nameOf(String argument) {
        int value = argument.indexOf('=');
        return value < 0 ? argument : argument.substring(0, value);
    }

    private static String hint(IOException e) {
        return switch (e) {
            case FileAlreadyExistsException _, NotDirectoryException _ -> "name another folder, or remove the file first";
            case AccessDeniedException _ -> "check whether you may read or write it";
            default -> "check whether the path is right and whether there is room";
        };
    }

    private static String usageHint(ParameterException e) {
        return e.getCommandLine().getCommandSpec().qualifiedName() + " --help shows how to call it";
    }

    /** The reason why a file could not be read or written. */
    static String reason(IOException e) {
        return switch (e) {
            case NoSuchFileException missing -> missing.getFile() + ": " + (missing.getReason() == null ? "there is no such file or folder" : missing.getReason());
            case AccessDeniedException denied -> denied.getFile() + ": access is denied" + (denied.getReason() == null ? "" : ": " + denied.getReason());
            case FileAlreadyExistsException there -> there.getFile() + ": this is a file, not a folder";
            case NotDirectoryException file -> file.getFile() + ": this is a file, not a folder";
            case DirectoryNotEmptyException folder -> folder.getFile() + ": the folder is not empty";
            case FileSystemException other when other.getReason() != null -> other.getFile() + ": " + other.getReason();
            default -> e.getMessage() == null ? e.toString() : e.getMessage();
        };
    }

    void print(PrintWriter err) {
        err.println("error: " + line(message));
        err.println("hint: " + line(hint));
        err.flush();
    }

    /** The text on one line and safe for a terminal, because parts of it come from untrusted files. */
    private static String line(String text) {
        return PrintableText.cut(PrintableText.line(String.valueOf(text).strip().replace('\n', ' ')), LONGEST_LINE);
    }
}
