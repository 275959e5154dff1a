package vit.model.cli;

import java.io.IOException;
import java.io.InterruptedIOException;
import java.io.PrintWriter;
import java.nio.file.AccessDeniedException;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.FileSystemException;
import java.nio.file.NoSuchFileException;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.UnmatchedArgumentException;
import vit.model.InputException;
import vit.model.NonFiniteException;
import vit.model.train.DivergedException;

/**
 * How a failed command ends: one line {@code error: …} and one line {@code hint: …}.
 *
 * @param message what is wrong
 * @param hint    what to do
 */
record FaultReport(String message, String hint) {

    private static final String DEBUG_HINT = "run it again with --debug to see where";

    private static final String DIVERGED_HINT =
            "a lower --lr, a longer --warmup or --clip 1 keeps numbers small; the last good epoch is in the output folder";

    /** What to do about a result that is NaN or infinite. */
    static final String NON_FINITE_HINT = "see whether the weights are whole and were trained to numbers; vit compare shows every stage";

    static FaultReport of(Throwable fault) {
        return switch (fault) {
            case UnmatchedArgumentException e when !e.getSuggestions().isEmpty() ->
                new FaultReport(e.getMessage(), "did you mean " + String.join(" or ", e.getSuggestions()) + "? " + usageHint(e));
            case ParameterException e -> new FaultReport(e.getMessage(), usageHint(e));
            case CommandException e -> new FaultReport(e.getMessage(), e.hint());
            case DivergedException e -> new FaultReport(e.getMessage(), DIVERGED_HINT);
            case InputException e -> new FaultReport(e.fault(), e.remedy().orElse(DEBUG_HINT));
            case InterruptedIOException e -> new FaultReport(e.getMessage(), "the command was interrupted; run it again");
            case NonFiniteException e -> new FaultReport(e.getMessage(), NON_FINITE_HINT);
            case IOException e -> new FaultReport(reason(e), "see whether the path is right and may be read or written");
            case OutOfMemoryError e -> new FaultReport("not enough memory: " + e.getMessage(),
                    "choose a smaller batch or model, or raise the heap, for example VIT_OPTS=-Xmx8g");
            case IllegalStateException e -> new FaultReport(e.getMessage(), "vit doctor shows what this JVM offers");
            default -> new FaultReport("internal fault: " + fault, DEBUG_HINT + ", and report it");
        };
    }

    private static String usageHint(ParameterException e) {
        return e.getCommandLine().getCommandSpec().qualifiedName() + " --help shows how to call it";
    }

    /** Why a file could not be read or written. */
    static String reason(IOException e) {
        return switch (e) {
            case NoSuchFileException missing -> missing.getFile() + ": there is no such file or folder";
            case FileAlreadyExistsException there -> there.getFile() + ": this is a file, not a folder";
            case AccessDeniedException denied -> denied.getFile() + ": access is denied";
            case FileSystemException other when other.getReason() != null -> other.getFile() + ": " + other.getReason();
            default -> e.getMessage() == null ? e.toString() : e.getMessage();
        };
    }

    void print(PrintWriter err) {
        err.println("error: " + line(message));
        err.println("hint: " + line(hint));
        err.flush();
    }

    /** One line, whatever is in it: parts come from untrusted files. */
    private static String line(String text) {
        StringBuilder clean = new StringBuilder();
        String.valueOf(text).strip().codePoints()
                .forEach(c -> clean.appendCodePoint(c == '\n' ? ' ' : Character.isISOControl(c) ? '?' : c));
        return clean.toString();
    }
}
