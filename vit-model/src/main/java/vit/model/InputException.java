package vit.model;

import java.io.IOException;
import java.io.InterruptedIOException;
import java.nio.channels.ClosedByInterruptException;
import java.nio.file.AccessDeniedException;
import java.nio.file.FileSystemException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.Optional;
import vit.model.text.PrintableText;

/**
 * Thrown when a file is malformed or unusable: a weight file, a configuration, an image, a list of labels. The message is one line. It names
 * the file, the place in it, the tensor if there is one, the rule that was broken, what was expected and what was
 * found, and where possible what to do.
 *
 * <p>A service may show the message to whoever named the file. If the file was recognised as of some format, the message may contain the names of
 * tensors, archive entries and fields, and the values of fields that the format defines. Of anything else it
 * says only what kind of content was found (for example "text that is not JSON") and never shows the content.
 */
public final class InputException extends IOException {

    private static final long serialVersionUID = 1L;

    private final String fault;
    private final String remedy; // or null

    private InputException(String fault, String remedy, Throwable cause) {
        super(remedy == null ? fault : fault + "; " + remedy, cause);
        this.fault = fault;
        this.remedy = remedy;
    }

    /** The message without the {@link #remedy}. */
    public String fault() {
        return fault;
    }

    /** What to do about it, as a clause that also ends the message; empty if the fault does not suggest anything. */
    public Optional<String> remedy() {
        return Optional.ofNullable(remedy);
    }

    /**
     * The exception for a file that could not be opened or read.
     *
     * @param file     a path, or another name that a user recognises
     * @param expected what the file should have been, for example {@code a weight file}
     * @param e        what opening or reading threw
     * @return {@code e} itself if it is an {@code InputException} already; an {@link InterruptedIOException} if the thread was interrupted, whose
     *         interrupt status is kept; otherwise an {@code InputException}
     */
    public static IOException unreadable(Object file, String expected, IOException e) {
        return switch (e) {
            case InputException known -> known;
            case InterruptedIOException interrupted -> interrupted;
            case ClosedByInterruptException _ -> {
                Thread.currentThread().interrupt();
                InterruptedIOException interrupted = new InterruptedIOException(printable(file + ": reading was interrupted"));
                interrupted.initCause(e);
                yield interrupted;
            }
            case NoSuchFileException _ -> in(file).cause(e).expected(expected).found("nothing").because("there is no such file");
            case AccessDeniedException _ -> in(file).cause(e).expected(expected).found("no permission to read it").because("the file cannot be read");
            case FileSystemException other when other.getReason() != null ->
                in(file).cause(e).expected(expected).found(other.getReason()).because("the file cannot be read");
            case IOException _ when file instanceof Path path && Files.isDirectory(path) -> // opening it may succeed, and only reading fails
                in(file).cause(e).expected(expected).found("a folder").because("this is not a file");
            default -> in(file).cause(e).expected(expected).found(e.getMessage() == null ? e.getClass().getSimpleName() : e.getMessage())
                    .because("the file cannot be read");
        };
    }

    /** Starts a report about {@code file}: a path, or another name that a user recognises. */
    public static Report in(Object file) {
        return new Report(String.valueOf(file));
    }

    /** Collects what is known about a fault; {@link #because} makes the exception. For one thread. */
    public static final class Report {
        private final String file;
        private long offset = -1;
        private String tensor;
        private String expected;
        private String found;
        private Throwable cause;
        private String remedy;

        private Report(String file) {
            this.file = file;
        }

        /** The byte offset in the file where the fault lies. */
        public Report at(long byteOffset) {
            this.offset = byteOffset;
            return this;
        }

        /** The tensor, configuration field or archive entry concerned. */
        public Report tensor(String name) {
            this.tensor = name;
            return this;
        }

        public Report expected(Object value) {
            this.expected = String.valueOf(value);
            return this;
        }

        public Report found(Object value) {
            this.found = String.valueOf(value);
            return this;
        }

        public Report cause(Throwable value) {
            this.cause = value;
            return this;
        }

        /** What the user can do about it, as a clause: {@code fetch the file with git lfs pull}. */
        public Report remedy(String clause) {
            this.remedy = clause;
            return this;
        }

        /** The exception; {@code rule} says in words what does not hold. */
        public InputException because(String rule) {
            StringBuilder message = new StringBuilder(printable(file));
            if (offset >= 0) {
                message.append(", byte ").append(offset);
            }
            if (tensor != null) {
                message.append(", \"").append(printable(tensor)).append('"');
            }
            message.append(": ").append(printable(rule));
            if (expected != null) {
                message.append("; expected ").append(printable(expected, MAX_EXPECTED));
            }
            if (found != null) {
                message.append("; found ").append(printable(found));
            }
            return new InputException(message.toString(), remedy == null ? null : printable(remedy), cause);
        }
    }

    private static final int MAX_PART = 300;
    private static final int MAX_EXPECTED = 1000; // holds the names of all presets

    /** One line without control characters, because names come from untrusted files and may go to a terminal. */
    private static String printable(String text) {
        return printable(text, MAX_PART);
    }

    private static String printable(String text, int most) {
        StringBuilder clean = new StringBuilder();
        text.codePoints().limit(most).forEach(c -> clean.appendCodePoint(PrintableText.isHarmless(c) ? c : '?'));
        if (text.codePointCount(0, text.length()) > most) {
            clean.append('…');
        }
        return clean.toString();
    }
}
