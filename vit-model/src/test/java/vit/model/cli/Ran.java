package vit.model.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.PrintWriter;
import java.io.StringWriter;
import java.util.Arrays;
import java.util.List;
import java.util.stream.Collectors;
import vit.kernels.simd.NativeSpeed;

/** A command that has run in this JVM, with its exit code and what it printed. */
record Ran(int code, String out, String err) {

    static {
        NativeSpeed.untold(); // the suite also runs at widths that the machine emulates
    }

    /** Runs a command; arguments may be of any type. */
    static Ran vit(Object... arguments) {
        StringWriter out = new StringWriter();
        StringWriter err = new StringWriter();
        String[] args = Arrays.stream(arguments).map(String::valueOf).toArray(String[]::new);
        int code = Vit.run(new PrintWriter(out), new PrintWriter(err), args);
        return new Ran(code, out.toString(), err.toString());
    }

    List<String> lines() {
        return out.lines().toList();
    }

    /** Requires success, and nothing on standard error except warnings about what was assumed about a weight file. */
    Ran isDone() {
        assertEquals(0, code, this::toString);
        assertTrue(err.lines().allMatch(line -> line.startsWith("warning: ")), this::toString);
        return this;
    }

    /** As {@link #isDone}, but notes may be on standard error as well. */
    Ran isDoneWithNotes() {
        new Ran(code, out, err.lines().filter(line -> !line.startsWith("note: ")).map(line -> line + "\n").collect(Collectors.joining())).isDone();
        return this;
    }

    /** Requires exit code 2, one line of error that contains {@code parts}, one hint, and no stack trace. */
    Ran isRefused(Object... parts) {
        assertEquals(2, code, this::toString);
        List<String> lines = err.lines().toList();
        assertEquals(2, lines.size(), this::toString);
        assertTrue(lines.get(0).startsWith("error: "), this::toString);
        assertTrue(lines.get(1).startsWith("hint: "), this::toString);
        for (Object part : parts) {
            assertTrue(lines.get(0).contains(String.valueOf(part)), () -> "no \"" + part + "\" in " + this);
        }
        assertFalse(err.contains("internal fault"), this::toString);
        return this;
    }
}
