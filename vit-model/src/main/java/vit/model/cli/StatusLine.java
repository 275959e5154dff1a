package vit.model.cli;

import java.io.PrintWriter;
import vit.kernels.simd.NativeSpeed;

/** A line on standard error that says what is going on, where that is a terminal, and leaves no trace; and warnings, which stay. */
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

    /** Prints a line {@code warning: …} that stays. */
    void warn(String sentence) {
        clear();
        err.println("warning: " + sentence);
        err.flush();
    }

    /** Warns of what makes the kernels slow on this machine, once a JVM. */
    void warnOfMachine() {
        NativeSpeed.untold().forEach(this::warn);
    }

    /** Removes the line. */
    void clear() {
        if (terminal) {
            err.print(ERASE);
            err.flush();
        }
    }
}
