package vit.bench;

import java.io.IOException;
import java.io.PrintWriter;
import java.nio.charset.StandardCharsets;
import java.util.concurrent.Callable;
import java.util.function.Function;
import picocli.CommandLine;

/**
 * The start of a program with a command line. Wrong usage and bad input are one line {@code error: …} and a hint on standard error, with exit code 2. A difference
 * where there should be none is exit code 1.
 */
public final class Program {

    /** A comparison failed. */
    public static final int FAILED = 1;

    /** The usage or the input is wrong. */
    public static final int BAD_INPUT = 2;

    private Program() {}

    /**
     * Runs a program and ends the JVM with its exit code.
     *
     * @param name    of the launcher
     * @param program makes the program, an object with picocli's annotations, of the command line that it was started with
     */
    public static void main(String name, Function<String, Callable<Integer>> program, String... args) {
        PrintWriter out = new PrintWriter(System.out, true, StandardCharsets.UTF_8);
        PrintWriter err = new PrintWriter(System.err, true, StandardCharsets.UTF_8);
        System.exit(run(name, program, out, err, args));
    }

    /** Runs a program and returns its exit code. */
    public static int run(String name, Function<String, Callable<Integer>> program, PrintWriter out, PrintWriter err, String... args) {
        String command = "vit-bench/target/bench/bin/" + name + " " + String.join(" ", args);
        return new CommandLine(program.apply(command)).setCaseInsensitiveEnumValuesAllowed(true).setOut(out).setErr(err)
                .setParameterExceptionHandler((fault, _) -> {
                    err.println("error: " + fault.getMessage());
                    err.println("hint: " + name + " --help lists the options");
                    return BAD_INPUT;
                })
                .setExecutionExceptionHandler((fault, _, _) -> {
                    if (fault instanceof DisagreementException || fault instanceof IOException || fault instanceof IllegalStateException) {
                        err.println("error: " + (fault.getMessage() == null ? fault : fault.getMessage()));
                        return fault instanceof DisagreementException ? FAILED : BAD_INPUT;
                    }
                    throw fault;
                })
                .execute(args);
    }
}
