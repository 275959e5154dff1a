package vit.model.cli;

import com.sun.management.OperatingSystemMXBean;
import java.io.PrintWriter;
import java.lang.management.ManagementFactory;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.ParentCommand;
import picocli.CommandLine.Spec;
import vit.kernels.parallel.Workers;
import vit.kernels.peak.FmaPeak;
import vit.kernels.simd.Implementation;
import vit.kernels.simd.NativeSpeed;
import vit.kernels.simd.Simd;
import vit.kernels.verify.KernelBits;

/** {@code vit doctor}: the machine and JVM on which a model would run. */
@Command(name = "doctor", description = "Show JDK, vector width, threads, memory, the measured peak, and whether kernels give the published bits.")
final class Doctor implements Callable<Integer> {

    /** The slowest processors on which a JDK 25 runs reach several times this speed per thread; vectors that the JDK emulates stay below it. */
    private static final double LEAST_GFLOPS = 1.5;

    @Mixin
    private ThreadsOption threads;

    @ParentCommand
    private Vit vit;

    @Spec
    private CommandSpec spec;

    @Override
    public Integer call() {
        Implementation implementation = Implementation.current();
        TextTable table = new TextTable("ll")
                .row("JDK", Runtime.version() + ", " + System.getProperty("java.vendor") + ", " + System.getProperty("java.home"))
                .row("module", Implementation.MODULE + " is present")
                .row("vector width", width())
                .row("kernels", implementation.name().toLowerCase(Locale.ROOT))
                .row("threads", threads.count() + " of " + Runtime.getRuntime().availableProcessors() + " processors")
                .row("memory", memory());
        List<String> obstacles = NativeSpeed.obstacles();
        NativeSpeed.untold(); // because the table shows them
        boolean measurable = obstacles.size() == (Simd.isNative() ? 0 : 1); // emulated vectors alone are not too slow to measure
        boolean right = true;
        if (measurable) {
            measure(table);
            right = implementation == Implementation.REFERENCE || verify(table);
        } else {
            table.row("peak", "not measured: at this speed it takes minutes");
            table.row("kernels' bits", "not checked, for the same reason");
        }
        obstacles.forEach(obstacle -> table.row("warning", obstacle));
        PrintWriter out = spec.commandLine().getOut();
        table.print(out, "");
        out.flush();
        Implementation.require();
        return right ? Vit.DONE : Vit.DIFFERENT;
    }

    /** Whether every kernel gives the bits that are published with this version. */
    private boolean verify(TextTable table) {
        vit.status().show("checking the kernels' bits");
        KernelBits.Result result = KernelBits.check(threads.count());
        vit.status().clear();
        table.row("kernels' bits", result);
        if (!result.isRight()) {
            table.row("warning", "this machine or JVM does not compute as published: vit verify tells more");
        }
        return result.isRight();
    }

    private void measure(TextTable table) {
        vit.status().show("measuring the peak");
        double one = peak(1);
        table.row("peak, 1 thread", gflops(one));
        if (threads.count() > 1) {
            table.row("peak, " + threads.count() + " threads", gflops(peak(threads.count())));
        }
        vit.status().clear();
        if (one < LEAST_GFLOPS && Simd.isNative()) {
            table.row("warning", "the peak is far below what any processor does: this JVM does not compile vectors to instructions, so the kernels are slow");
        }
    }

    private static String width() {
        if (!Simd.isNative()) {
            return Simd.BITS + " bits, emulated by the JDK: slow, for tests only";
        }
        return Simd.BITS + " bits, " + (NativeSpeed.obstacles().isEmpty() ? "native" : "but slow: see the warning");
    }

    private static String memory() {
        OperatingSystemMXBean machine = ManagementFactory.getPlatformMXBean(OperatingSystemMXBean.class);
        return String.format(Locale.ROOT, "%s, %s free; Java heap at most %s", gibibytes(machine.getTotalMemorySize()),
                gibibytes(machine.getFreeMemorySize()), gibibytes(Runtime.getRuntime().maxMemory()));
    }

    private static String gibibytes(long bytes) {
        return String.format(Locale.ROOT, "%.1f GiB", bytes / 0x1p30);
    }

    private static double peak(int count) {
        try (Workers team = Workers.of(count)) {
            return FmaPeak.measure(team).gflops();
        }
    }

    private static String gflops(double value) {
        return String.format(Locale.ROOT, "%.0f GFLOP/s of float32 fused multiply-adds", value);
    }
}
