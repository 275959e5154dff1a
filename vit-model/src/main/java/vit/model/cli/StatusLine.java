package vit.model.cli;

import java.io.PrintWriter;

/** A line on standard error that says what is going on, where that is a terminal; it leaves no trace. */
final class StatusLine {

    /** The launcher sets it where standard error is a terminal. */
    private static final String TERMINAL_PROPERTY = "vit.stderr.terminal";

    /** Goes to the beginning of the line and removes it. */
    static final String ERASE = "\r\u001b[K";

    private final PrintWriter err;
    private final boolean terminal;

    StatusLine(PrintWriter err) {
        this.err = err;
        this.terminal = Boolean.getBoolean(TERMINAL_PROPERTY);
    }

    /** Whether standard error is a terminal. */
    boolean isTerminal() {
        return terminal;
    }

    /** Replaces the line. */
    void show(String text) {
        if (terminal) {
            err.print(ERASE + text);
            err.flush();
        }
    }

    /** Removes the line. */
    void clear() {
        if (terminal) {
            err.print(ERASE);
            err.flush();
        }
    }
}
