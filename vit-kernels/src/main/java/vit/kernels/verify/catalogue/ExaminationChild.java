package vit.kernels.verify.catalogue;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.nio.charset.StandardCharsets;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Deque;
import java.util.List;
import java.util.concurrent.TimeUnit;
import vit.kernels.simd.Implementation;
import vit.kernels.verify.ExecutionMode;

/** Starts a JVM like this one that examines kernels, and passes its findings on. A JVM that crashes or hangs is a fault of the kernel that it was at. */
public final class ExaminationChild {

    /** Far more than the bits take, also in the interpreter of a busy machine. */
    private static final long SPARE_SECONDS = 900;

    private static final int LINES_KEPT = 5;

    private ExaminationChild() {}

    /**
     * Runs the examination to its end.
     *
     * @param bits      the width of its vectors
     * @param execution how it executes, with the JVM options for that
     * @param nanos     how long it compares random cases, its bits included
     */
    public static void run(int bits, ExecutionMode execution, List<String> options, long seed, long nanos, int threads, List<Kernel> kernels,
            Findings findings) {
        List<String> command = new ArrayList<>();
        command.add(ProcessHandle.current().info().command().orElse(System.getProperty("java.home") + "/bin/java"));
        command.addAll(inherited());
        command.add("--add-modules=" + Implementation.MODULE);
        command.add("-Dvit.simd.bits=" + bits);
        command.addAll(options);
        command.addAll(program());
        command.addAll(ExaminationProcess.arguments(execution, seed, nanos, threads, kernels));
        Follower follower = new Follower(findings, kernels.getFirst().name());
        String end;
        try {
            end = follow(new ProcessBuilder(command).redirectErrorStream(true), follower, SPARE_SECONDS + nanos / 1_000_000_000);
        } catch (IOException e) {
            end = "the JVM for it could not be started: " + e.getMessage();
        }
        if (!follower.done) {
            findings.fault(follower.kernel, end + (follower.last.isEmpty() ? "" : "; it printed: " + String.join(" / ", follower.last)));
        }
    }

    /** The HotSpot options of this JVM that a child also gets, such as {@code -XX:UseAVX=2}. Some systems do not tell them. */
    private static List<String> inherited() {
        return ProcessHandle.current().info().arguments().stream().flatMap(Arrays::stream).filter(argument -> argument.startsWith("-XX:")).toList();
    }

    /** The main class, found as this JVM found it: on the class path or on the module path. */
    private static List<String> program() {
        Module module = ExaminationProcess.class.getModule();
        if (!module.isNamed()) {
            return List.of("-cp", System.getProperty("java.class.path"), ExaminationProcess.class.getName());
        }
        String path = System.getProperty("jdk.module.path");
        List<String> program = new ArrayList<>(path == null ? List.of() : List.of("--module-path", path));
        program.addAll(List.of("--module", module.getName() + "/" + ExaminationProcess.class.getName()));
        return program;
    }

    /** Passes the findings of a program on until it ends. Returns how it ended. */
    private static String follow(ProcessBuilder program, Follower follower, long deadlineSeconds) throws IOException {
        Process process = program.start();
        Thread.ofPlatform().daemon().name("vit-verify-deadline").start(() -> {
            try {
                if (!process.waitFor(deadlineSeconds, TimeUnit.SECONDS)) {
                    process.destroyForcibly();
                }
            } catch (InterruptedException e) {
                process.destroyForcibly();
            }
        });
        try (BufferedReader lines = new BufferedReader(new InputStreamReader(process.getInputStream(), StandardCharsets.UTF_8))) {
            for (String line = lines.readLine(); line != null; line = lines.readLine()) {
                follower.line(line);
            }
            return "the JVM ended with exit code " + process.waitFor();
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            return "interrupted";
        } finally {
            process.destroyForcibly();
        }
    }

    /** Passes findings on and remembers which kernel's turn it is. */
    private static final class Follower {
        private final Findings findings;
        private final Deque<String> last = new ArrayDeque<>();
        private String kernel;
        private boolean done;

        Follower(Findings findings, String first) {
            this.findings = findings;
            this.kernel = first;
        }

        void line(String line) {
            String running = ExaminationProcess.MARK + "\trunning\t";
            if (line.startsWith(running)) {
                kernel = line.substring(running.length());
            } else if (!line.startsWith(ExaminationProcess.MARK) && !line.isBlank()) {
                last.add(line.strip());
                if (last.size() > LINES_KEPT) {
                    last.remove();
                }
            }
            done |= ExaminationProcess.pass(line, findings);
        }
    }
}
