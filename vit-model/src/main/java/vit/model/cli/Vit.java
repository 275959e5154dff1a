package vit.model.cli;

import java.io.FileDescriptor;
import java.io.FileOutputStream;
import java.io.IOException;
import java.io.OutputStreamWriter;
import java.io.PrintWriter;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.IVersionProvider;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.ScopeType;
import picocli.CommandLine.Spec;

/**
 * The command line. Exit codes: 0 done, 1 a comparison failed, 2 bad usage or bad input, with one line {@code error: …} and a
 * hint on standard error.
 */
@Command(
        name = "vit",
        description = "Vision Transformers in pure Java.",
        scope = ScopeType.INHERIT,
        mixinStandardHelpOptions = true,
        versionProvider = Vit.Version.class,
        usageHelpAutoWidth = true,
        synopsisSubcommandLabel = "COMMAND",
        subcommands = {Classify.class, Compare.class, Logits.class, Preprocess.class, Export.class, Inspect.class, Train.class,
            Visualise.class, Demo.class, Draw.class, Ablation.class, Bench.class, Doctor.class})
public final class Vit implements Runnable {

    /** The command did what it should. */
    public static final int DONE = 0;
    /** A comparison failed. */
    public static final int DIFFERENT = 1;
    /** Bad usage or bad input. */
    public static final int REFUSED = 2;

    @Option(names = "--debug", scope = ScopeType.INHERIT, description = "Print the stack trace of an error.")
    private boolean debug;

    @Spec
    private CommandSpec spec;

    private final StatusLine status;

    private Vit(PrintWriter err) {
        this.status = new StatusLine(err);
    }

    /** Runs the command in {@code args} and ends the JVM with its exit code. */
    public static void main(String[] args) {
        PrintWriter out = utf8(FileDescriptor.out);
        PrintWriter err = utf8(FileDescriptor.err);
        System.exit(run(out, err, args));
    }

    private static PrintWriter utf8(FileDescriptor stream) {
        return new PrintWriter(new OutputStreamWriter(new FileOutputStream(stream), StandardCharsets.UTF_8), false);
    }

    /**
     * Runs a command in this JVM.
     *
     * @param out  receives the results
     * @param err  receives errors and, on a terminal, progress
     * @param args the command and its arguments, as on the command line
     * @return the exit code
     */
    public static int run(PrintWriter out, PrintWriter err, String... args) {
        Vit vit = new Vit(err);
        CommandLine line = new CommandLine(vit)
                .setOut(out)
                .setErr(err)
                .setExpandAtFiles(false)
                .setExitCodeExceptionMapper(fault -> REFUSED)
                .setParameterExceptionHandler((fault, arguments) -> vit.refuse(fault))
                .setExecutionExceptionHandler((fault, command, parsed) -> vit.refuse(fault));
        int code;
        try {
            code = line.execute(args);
        } catch (Error fault) { // picocli hands on exceptions only
            code = vit.refuse(fault);
        }
        if (out.checkError() && code == DONE) {
            code = vit.refuse(new IOException("the results could not be written to standard output"));
        }
        err.flush();
        return code;
    }

    private int refuse(Throwable fault) {
        Throwable cause = fault instanceof UncheckedIOException e ? e.getCause() : fault;
        status.clear();
        PrintWriter err = spec.commandLine().getErr();
        FaultReport.of(cause).print(err);
        if (debug) {
            cause.printStackTrace(err);
            err.flush();
        }
        return REFUSED;
    }

    /** The line that says what is going on. */
    StatusLine status() {
        return status;
    }

    /** Without a command there is nothing to do. */
    @Override
    public void run() {
        throw new ParameterException(spec.commandLine(), "no command is given");
    }

    /** {@code vit --version}. */
    static final class Version implements IVersionProvider {
        @Override
        public String[] getVersion() {
            String version = Vit.class.getPackage().getImplementationVersion();
            return new String[] {"vit " + (version == null ? "(built from classes)" : version),
                "JDK " + Runtime.version() + " on " + System.getProperty("os.name") + " " + System.getProperty("os.arch")};
        }
    }
}
