package vit.model.cli;

import com.sun.management.OperatingSystemMXBean;
import java.io.PrintWriter;
import java.lang.management.ManagementFactory;
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
import vit.kernels.simd.Simd;

/** {@code vit doctor}: what the model would run on. */
@Command(name = "doctor", description = "Show JDK, vector width, threads, memory and the measured peak.")
final class Doctor implements Callable<Integer> {

    @Mixin
    private ThreadsOption threads;

    @ParentCommand
    private Vit vit;

    @Spec
    private CommandSpec spec;

    @Override
    public Integer call() {
        Implementation implementation = Implementation.require();
        TextTable table = new TextTable("ll")
                .row("JDK", Runtime.version() + ", " + System.getProperty("java.vendor") + ", " + System.getProperty("java.home"))
                .row("module", Implementation.MODULE + " is present")
                .row("vector width", Simd.BITS + " bits" + (Simd.isNative() ? ", native" : ", emulated by the JDK: slow, for tests only"))
                .row("kernels", implementation.name().toLowerCase(Locale.ROOT))
                .row("threads", threads.count() + " of " + Runtime.getRuntime().availableProcessors() + " processors")
                .row("memory", memory());
        vit.status().show("measuring the peak");
        double one = peak(1);
        table.row("peak, 1 thread", gflops(one));
        if (threads.count() > 1) {
            table.row("peak, " + threads.count() + " threads", gflops(peak(threads.count())));
        }
        vit.status().clear();
        PrintWriter out = spec.commandLine().getOut();
        table.print(out, "");
        return Vit.DONE;
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
