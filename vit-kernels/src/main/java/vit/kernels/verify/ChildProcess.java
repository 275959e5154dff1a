package vit.kernels.verify;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;

/**
 * Runs programs to their end, with a deadline. A program that hangs is killed, and the test fails with what the program has printed; a JVM is asked for the
 * stacks of its threads before.
 */
public final class ChildProcess {

    /** Far more than any child takes, also on a busy machine. */
    public static final Duration DEADLINE = Duration.ofMinutes(30);

    private static final int MOST_OF_A_FILE = 20_000;
    private static final int STACKS_SECONDS = 2;

    private ChildProcess() {}

    /**
     * How a program ended.
     *
     * @param code   its exit code
     * @param output what it printed, on standard error only if that was redirected to standard output
     */
    public record Ended(int code, String output) {}

    /** As {@link #run(ProcessBuilder, Duration)} with {@link #DEADLINE}; requires exit code 0 and returns what the program printed. */
    public static String output(ProcessBuilder program) throws IOException, InterruptedException {
        Ended ended = run(program, DEADLINE);
        if (ended.code != 0) {
            throw new AssertionError("exit code " + ended.code + " of " + program.command() + "; it has printed: " + ended.output);
        }
        return ended.output;
    }

    /**
     * Runs a program to its end.
     *
     * @throws AssertionError if it has not ended within {@code deadline}; the message has what it has printed
     */
    public static Ended run(ProcessBuilder program, Duration deadline) throws IOException, InterruptedException {
        Process process = program.start();
        CompletableFuture<Boolean> late = new CompletableFuture<>();
        Thread.ofPlatform().daemon().start(() -> late.complete(endAfter(process, deadline)));
        String output = new String((program.redirectOutput() == ProcessBuilder.Redirect.PIPE ? process.getInputStream() : process.getErrorStream()).readAllBytes(),
                StandardCharsets.UTF_8);
        if (late.join()) {
            throw new AssertionError("not done after " + deadline.toSeconds() + " seconds: " + program.command() + "; it has printed: " + output + endOfFile(program));
        }
        return new Ended(process.waitFor(), output);
    }

    /** The last characters of the file to which a program's output was redirected: that is where a JVM prints its stacks. */
    private static String endOfFile(ProcessBuilder program) throws IOException {
        if (program.redirectOutput().file() == null) {
            return "";
        }
        String text = Files.readString(program.redirectOutput().file().toPath(), StandardCharsets.ISO_8859_1);
        return text.substring(Math.max(0, text.length() - MOST_OF_A_FILE));
    }

    /** Waits for the end; after the deadline kills the process. Returns whether that was necessary. */
    private static boolean endAfter(Process process, Duration deadline) {
        try {
            if (process.waitFor(deadline.toMillis(), TimeUnit.MILLISECONDS)) {
                return false;
            }
            new ProcessBuilder(List.of("kill", "-QUIT", String.valueOf(process.pid()))).start(); // a JVM prints the stacks of its threads
            process.waitFor(STACKS_SECONDS, TimeUnit.SECONDS);
        } catch (IOException | InterruptedException e) {
            System.err.println("no stacks of " + process.pid() + ": " + e);
        }
        process.destroyForcibly();
        return true;
    }
}
