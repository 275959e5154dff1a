package vit.model;

import java.io.IOException;
import java.io.InterruptedIOException;
import java.nio.channels.ClosedByInterruptException;
import java.nio.file.AccessDeniedException;
import java.nio.file.FileSystemException;
import java.nio.file.NoSuchFileException;
import java.util.Optional;
import vit.model.text.PrintableText;

/**
 * Malformed or unusable input: a weight file, a configuration, an image, a label list. The message is one line that names
 * the file, the place in it, the tensor where there is one, the rule that was broken, what was expected and what was
 * found, and where possible what to do.
 *
 * <p>A service may hand the message on to whoever named the file. It contains names of tensors, of archive entries and of
 * fields, and values of fields that a format defines, of a file that was recognised as of that format. Of anything else it
 * says what kind of content was found (for example "text that is not JSON"), and never shows the content.
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

    /** The message without what to do. */
    public String fault() {
        return fault;
    }

    /** What to do about it, where the fault tells. */
    public Optional<String> remedy() {
        return Optional.ofNullable(remedy);
    }

    /**
     * The exception for a file that could not be opened or read.
     *
     * @param expected what the file was to be, for example {@code a weight file}
     * @param e        what opening or reading threw
     * @return {@code e} itself if it is one already, an {@link InterruptedIOException} if the thread was interrupted, whose
     *         interrupt status is kept, or else an {@code InputException}
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
            default -> in(file).cause(e).expected(expected).found(e.getMessage() == null ? e.getClass().getSimpleName() : e.getMessage())
                    .because("the file cannot be read");
        };
    }

    /** Starts a report about {@code file}: a path, or another name that a user recognises. */
    public static Report in(Object file) {
        return new Report(String.valueOf(file));
    }

    /** Gathers what is known of the fault; {@link #because} makes the exception. */
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
                message.append("; expected ").append(printable(expected));
            }
            if (found != null) {
                message.append("; found ").append(printable(found));
            }
            return new InputException(message.toString(), remedy == null ? null : printable(remedy), cause);
        }
    }

    private static final int MAX_PART = 300;

    /** One line without control characters: names come from untrusted files and go to a terminal. */
    private static String printable(String text) {
        StringBuilder clean = new StringBuilder();
        text.codePoints().limit(MAX_PART).forEach(c -> clean.appendCodePoint(PrintableText.isHarmless(c) ? c : '?'));
        if (text.codePointCount(0, text.length()) > MAX_PART) {
            clean.append('…');
        }
        return clean.toString();
    }
}
