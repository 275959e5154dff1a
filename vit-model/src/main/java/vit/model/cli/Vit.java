package vit.model.cli;

import java.io.FileDescriptor;
import java.io.FileOutputStream;
import java.io.IOException;
import java.io.OutputStreamWriter;
import java.io.PrintWriter;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.IVersionProvider;
import picocli.CommandLine.MissingParameterException;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.ScopeType;
import picocli.CommandLine.Spec;
import picocli.CommandLine.TypeConversionException;
import picocli.CommandLine.UnmatchedArgumentException;
import vit.model.cli.StandardOutput.OutputFailure;

/**
 * The command line. Its exit codes: 0 if all is done; 1 if a comparison failed, or if some of several images gave no result; 2 for bad usage or bad
 * input, with one line {@code error: …} and a hint on standard error; 141 if the reader of standard output left.
 */
@Command(
        name = "vit",
        description = "Vision Transformers in pure Java.",
        scope = ScopeType.INHERIT,
        mixinStandardHelpOptions = true,
        versionProvider = Vit.Version.class,
        usageHelpAutoWidth = true,
        synopsisSubcommandLabel = "COMMAND")
public final class Vit implements Runnable {

    /** The command succeeded. */
    public static final int DONE = 0;
    /** A comparison failed. */
    public static final int DIFFERENT = 1;
    /** Some images of many gave no result. */
    public static final int INCOMPLETE = 1;
    /** Bad usage or bad input. */
    public static final int REFUSED = 2;
    /** The reader of standard output has left. A shell reports this code for a program that SIGPIPE, signal 13, ended. */
    public static final int READER_LEFT = 128 + 13;

    /** All commands, in the order of the help page. */
    private static final List<String> COMMANDS = List.of(
            "classify", "evaluate", "embed", "similar", "compare", "logits", "preprocess", "export", "inspect", "train", "visualise", "serve", "demo", "draw", "ablation",
            "bench", "verify", "doctor",
            "help", "completion");

    @Option(names = "--debug", scope = ScopeType.INHERIT, description = "Also print the stack trace of an error.")
    private boolean debug;

    @Spec
    private CommandSpec spec;

    private final StatusLine status;

    private Vit(PrintWriter err) {
        this.status = new StatusLine(err);
    }

    /** Runs the command in {@code args} and ends the JVM with its exit code. */
    public static void main(String[] args) {
        Locale.setDefault(Locale.ROOT); // so that numbers have the same digits everywhere, including those from libraries
        PrintWriter out = StandardOutput.open();
        PrintWriter err = new PrintWriter(new OutputStreamWriter(new FileOutputStream(FileDescriptor.err), StandardCharsets.UTF_8), false);
        System.exit(run(out, err, args));
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
        CommandLine line = commandLine(vit, args)
                .setOut(out)
                .setErr(err)
                .setExpandAtFiles(false)
                .registerConverter(Path.class, Vit::path)
                .setExitCodeExceptionMapper(fault -> REFUSED)
                .setExecutionStrategy(Vit::execute)
                .setParameterExceptionHandler((fault, arguments) -> vit.refuse(unknownRatherThanMissing(fault, arguments)))
                .setExecutionExceptionHandler((fault, command, parsed) -> vit.refuse(fault));
        if (isPlain()) {
            line.setColorScheme(CommandLine.Help.defaultColorScheme(CommandLine.Help.Ansi.OFF));
        }
        int code;
        try {
            JvmOptions.check();
            code = line.execute(RunFile.expand(args));
            if (out.checkError() && code == DONE) {
                code = vit.refuse(new IOException("the results could not be written to standard output"));
            }
        } catch (Error | OutputFailure | CommandException fault) { // picocli passes on only the exceptions of commands, not those of its own printing
            code = vit.refuse(fault);
        }
        err.flush();
        return code;
    }

    /**
     * The command line with the command that the arguments name, or with all commands if the arguments name none or one that shows the others. To
     * read the annotations of all commands takes 70 ms, for which each command would wait.
     */
    private static CommandLine commandLine(Vit vit, String... args) {
        CommandLine line = new CommandLine(vit);
        String first = Arrays.stream(args).filter(argument -> !argument.startsWith("-")).findFirst().orElse("");
        if (COMMANDS.contains(first) && !first.equals("help") && !first.equals("completion")) {
            line.addSubcommand(first, command(first));
        } else if (!Arrays.equals(args, new String[] {"--version"})) {
            for (String name : COMMANDS) {
                line.addSubcommand(name, command(name));
            }
        }
        return line;
    }

    /** An option that is missing may have been given under a wrong name; then the wrong name is the fault. */
    private static ParameterException unknownRatherThanMissing(ParameterException fault, String... arguments) {
        if (fault instanceof MissingParameterException) {
            for (String argument : arguments) {
                if (argument.equals("--")) {
                    break;
                }
                if (argument.startsWith("--") && !FaultReport.knows(fault.getCommandLine(), argument)) {
                    return new UnmatchedArgumentException(fault.getCommandLine(), List.of(argument));
                }
            }
        }
        return fault;
    }

    private static Object command(String name) {
        return switch (name) {
            case "classify" -> new Classify();
            case "evaluate" -> new Evaluate();
            case "embed" -> new Embed();
            case "similar" -> new Similar();
            case "compare" -> new Compare();
            case "logits" -> new Logits();
            case "preprocess" -> new Preprocess();
            case "export" -> new Export();
            case "inspect" -> new Inspect();
            case "train" -> new Train();
            case "visualise" -> new Visualise();
            case "serve" -> new Serve();
            case "demo" -> new Demo();
            case "draw" -> new Draw();
            case "ablation" -> new Ablation();
            case "bench" -> new Bench();
            case "verify" -> new Verify();
            case "doctor" -> new Doctor();
            case "help" -> new Help();
            case "completion" -> new Completion();
            default -> throw new IllegalArgumentException(name);
        };
    }

    /** Executes as picocli does, but exceptions during picocli's own printing of help are handled like those of commands. */
    private static int execute(CommandLine.ParseResult parsed) {
        try {
            return new CommandLine.RunLast().execute(parsed);
        } catch (OutputFailure fault) {
            throw new CommandLine.ExecutionException(parsed.commandSpec().commandLine(), "standard output cannot be written", fault);
        }
    }

    /** A path that an option names. Java takes an empty one, as a shell makes of an unset variable, for the working folder. */
    static Path path(String name) {
        try {
            if (!name.isEmpty()) {
                return Path.of(name);
            }
        } catch (InvalidPathException e) {
            throw new TypeConversionException("'" + name + "' cannot be a path");
        }
        throw new TypeConversionException("expected a path, found an empty name");
    }

    /** Whether the terminal shows escape sequences literally. */
    private static boolean isPlain() {
        return "dumb".equals(System.getenv("TERM"));
    }

    private int refuse(Throwable fault) {
        if (fault instanceof OutputFailure failure && failure.readerLeft()) {
            return READER_LEFT;
        }
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

    /** The line that says what is happening. */
    StatusLine status() {
        return status;
    }

    /** A bar for images. */
    CommandBar bar(String doing, int images) {
        return CommandBar.images(spec.commandLine().getErr(), status, doing, images);
    }

    /** Prints an error after which the command continues. */
    void report(FaultReport fault) {
        status.clear();
        fault.print(spec.commandLine().getErr());
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
