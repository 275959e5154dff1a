package vit.model;

import java.io.IOException;
import vit.model.text.PrintableText;

/**
 * Malformed or unusable input: a weight file, a configuration, an image, a label list. The message is one line that names
 * the file, the place in it, the tensor where there is one, the rule that was broken, what was expected and what was
 * found.
 */
public final class InputException extends IOException {

    private static final long serialVersionUID = 1L;

    private InputException(String message, Throwable cause) {
        super(message, cause);
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
            return new InputException(message.toString(), cause);
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
