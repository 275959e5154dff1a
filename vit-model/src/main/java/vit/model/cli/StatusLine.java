package vit.model.cli;

import java.io.PrintWriter;
import vit.kernels.simd.NativeSpeed;
import vit.model.text.PrintableText;

/**
 * A line on standard error that says what is happening. It appears only on a terminal and leaves no trace. Also prints notes and warnings, which
 * stay.
 */
final class StatusLine {

    /** The property that the launcher sets if standard error is a terminal. */
    private static final String TERMINAL_PROPERTY = "vit.stderr.terminal";

    /** The property with the terminal's width, which the launcher also sets. */
    private static final String COLUMNS_PROPERTY = "vit.stderr.columns";

    private static final int USUAL_COLUMNS = 80;

    /** On a narrower terminal, or one without escape sequences, there is no changing line. */
    private static final int LEAST_COLUMNS = 40;

    /** Moves to the beginning of the line and erases it. */
    static final String ERASE = "\r\u001b[K";

    private final PrintWriter err;
    private final boolean terminal;
    private final int columns;

    StatusLine(PrintWriter err) {
        this.err = err;
        int told = Integer.getInteger(COLUMNS_PROPERTY, 0);
        this.columns = told > 0 ? told : USUAL_COLUMNS; // 0: the terminal does not say
        this.terminal = Boolean.getBoolean(TERMINAL_PROPERTY) && columns >= LEAST_COLUMNS;
    }

    /** The number of columns that the line may take. The last column stays free, because a terminal may move to the next line after it. */
    int columns() {
        return columns - 1;
    }

    /** Whether standard error is a terminal that can show a line that changes. */
    boolean isTerminal() {
        return terminal;
    }

    /** Replaces the line. */
    void show(String text) {
        if (terminal) {
            err.print(ERASE + PrintableText.cut(PrintableText.line(text), columns()));
            err.flush();
        }
    }

    /** Prints a line {@code note: …} that stays: something that the user may not expect. */
    void note(String sentence) {
        stay("note: ", sentence);
    }

    /** Prints a line {@code warning: …} that stays: something that may make results slow, incomplete or wrong. */
    void warn(String sentence) {
        stay("warning: ", sentence);
    }

    private void stay(String prefix, String sentence) {
        clear();
        err.println(prefix + PrintableText.line(sentence));
        err.flush();
    }

    /** Warns of what makes the kernels slow on this machine, once per JVM. */
    void warnOfMachine() {
        NativeSpeed.untold().forEach(this::warn);
    }

    /** Erases the line. */
    void clear() {
        if (terminal) {
            err.print(ERASE);
            err.flush();
        }
    }
}
