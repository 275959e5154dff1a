package vit.model.cli;

import java.io.PrintWriter;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.concurrent.Callable;
import java.util.function.Consumer;
import java.util.stream.Collectors;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.ParentCommand;
import picocli.CommandLine.Spec;
import vit.kernels.verify.KernelVerification;
import vit.kernels.verify.VerificationOptions;
import vit.kernels.verify.VerificationReport;
import vit.kernels.verify.VerificationReport.KernelResult;
import vit.model.json.Json;

/** {@code vit verify}: whether the kernels compute rightly on this machine. */
@Command(name = "verify", description = {
    "Verify every kernel on this machine: against the bits that every machine must give, and in random cases against its scalar reference.",
    "It covers this machine's vector width and the narrower ones, every number of threads, the interpreter and both compilers.",
    "The exit code is 1 if anything differs."})
final class Verify implements Callable<Integer> {

    private static final double DEFAULT_SECONDS = 60;
    private static final long NANOS_BETWEEN_SIGNS = 100_000_000;

    @Option(names = "--seed", paramLabel = "N", defaultValue = "1", description = "Decides the random cases; default: ${DEFAULT-VALUE}.")
    private long seed;

    @Option(names = "--seconds", paramLabel = "S",
            description = "About how long it may take; default: " + (int) DEFAULT_SECONDS + ". The bits come first, the rest of the time goes to random cases.")
    private double seconds = DEFAULT_SECONDS;

    @Option(names = "--kernel", paramLabel = "NAME",
            description = "Verify only this kernel, or all of this operation; may be given more than once. A name that does not exist lists those that do.")
    private List<String> kernels = new ArrayList<>();

    @Mixin
    private ThreadsOption threads;

    @Option(names = "--json", description = "Print one JSON object.")
    private boolean json;

    @ParentCommand
    private Vit vit;

    @Spec
    private CommandSpec spec;

    @Override
    public Integer call() throws CommandException {
        for (String name : kernels) {
            if (KernelVerification.kernels(name).isEmpty()) {
                throw new CommandException("no kernel '" + name + "'", "there are: " + String.join(", ", KernelVerification.kernels()));
            }
        }
        VerificationOptions options;
        try {
            options = VerificationOptions.defaults().withSeed(seed).withSeconds(seconds).withThreads(threads.count()).withKernels(kernels);
        } catch (IllegalArgumentException e) {
            throw new ParameterException(spec.commandLine(), "Invalid value for option '--seconds': " + e.getMessage());
        }
        vit.status().warnOfMachine();
        VerificationReport report = KernelVerification.verify(options, progress());
        vit.status().clear();
        PrintWriter out = spec.commandLine().getOut();
        if (json) {
            out.println(Json.write(json(report)));
        } else {
            print(report, out);
        }
        out.flush();
        return report.isRight() ? Vit.DONE : Vit.DIFFERENT;
    }

    /** Shows some of the many signs of progress, because a terminal takes longer to show one than a kernel to run. */
    private Consumer<String> progress() {
        long[] last = {System.nanoTime() - NANOS_BETWEEN_SIGNS};
        return text -> {
            long now = System.nanoTime();
            if (now - last[0] >= NANOS_BETWEEN_SIGNS) {
                last[0] = now;
                vit.status().show(text);
            }
        };
    }

    private static void print(VerificationReport report, PrintWriter out) {
        List<Integer> widths = report.widths();
        TextTable table = new TextTable("l" + "l".repeat(widths.size()) + "rrl");
        List<Object> head = new ArrayList<>(List.of("kernel"));
        widths.forEach(bits -> head.add(bits + " bits"));
        head.addAll(List.of("cases", "worst error", "where"));
        table.row(head.toArray());
        for (KernelResult kernel : report.kernels()) {
            List<Object> row = new ArrayList<>(List.of(kernel.kernel()));
            widths.forEach(bits -> row.add(bits(kernel, bits)));
            row.addAll(List.of(kernel.cases(), worst(kernel), kernel.where()));
            table.row(row.toArray());
        }
        table.print(out, "");
        out.println();
        for (KernelResult kernel : report.wrong()) {
            kernel.faults().forEach(fault -> out.println("wrong: " + kernel.kernel() + ", " + fault));
            out.println("again: vit verify --seed " + report.seed() + " --threads " + report.threads() + " --kernel '" + kernel.kernel() + "'");
        }
        out.println(summary(report));
    }

    /** A kernel that ended its JVM has given no bits at all. */
    private static String bits(KernelResult kernel, int width) {
        return kernel.hasPublishedBits(width) ? "same" : kernel.bits().stream().anyMatch(found -> found.bits() == width) ? "DIFFERENT" : "NONE";
    }

    /** The worst error in units of its bound. Where every bit must agree, there is no other error than none. */
    private static String worst(KernelResult kernel) {
        return !kernel.isRight() ? "WRONG" : kernel.worst() == 0 ? "exact" : String.format(Locale.ROOT, "%.2f of bound", kernel.worst());
    }

    private static String summary(VerificationReport report) {
        String runs = report.runs().stream()
                .map(run -> String.format(Locale.ROOT, "%s (%.1f s)", run.words(), run.seconds())).collect(Collectors.joining(", "));
        int wrong = report.wrong().size();
        return String.format(Locale.ROOT, "%s%n%s: %d of %d kernels give the published bits and stay within their bounds, with 1 to %d threads; "
                + "%d cases of seed %d, %.1f s", runs, wrong == 0 ? "right" : "WRONG", report.kernels().size() - wrong, report.kernels().size(),
                report.threads(), report.cases(), report.seed(), report.seconds());
    }

    private static Map<String, Object> json(VerificationReport report) {
        Map<String, Object> object = new LinkedHashMap<>();
        object.put("right", report.isRight());
        object.put("jdk", Runtime.version().toString());
        object.put("architecture", System.getProperty("os.arch"));
        object.put("threads", report.threads());
        object.put("seed", report.seed());
        object.put("seconds", report.seconds());
        object.put("cases", report.cases());
        object.put("runs", report.runs().stream().map(run -> {
            Map<String, Object> one = new LinkedHashMap<>();
            one.put("bits", run.bits());
            one.put("execution", run.execution().words());
            one.put("seconds", run.seconds());
            return one;
        }).toList());
        object.put("kernels", report.kernels().stream().map(Verify::json).toList());
        return object;
    }

    private static Map<String, Object> json(KernelResult kernel) {
        Map<String, Object> object = new LinkedHashMap<>();
        object.put("kernel", kernel.kernel());
        object.put("right", kernel.isRight());
        object.put("published", kernel.published());
        object.put("hashes", kernel.bits().stream().map(found -> {
            Map<String, Object> one = new LinkedHashMap<>();
            one.put("bits", found.bits());
            one.put("execution", found.execution().words());
            one.put("hash", found.hash());
            return one;
        }).toList());
        object.put("cases", kernel.cases());
        object.put("worst_of_bound", kernel.worst());
        object.put("where", kernel.where());
        object.put("faults", kernel.faults());
        return object;
    }
}
