package vit.model.hardening;

import com.sun.management.UnixOperatingSystemMXBean;
import java.io.IOException;
import java.lang.management.ManagementFactory;
import java.nio.file.Files;
import java.nio.file.Path;
import vit.kernels.tensor.TensorArena;

/** The resources that this process holds, none of which may grow. */
final class ProcessFigures {

    private final long threads;
    private final long descriptors;

    private ProcessFigures(long threads, long descriptors) {
        this.threads = threads;
        this.descriptors = descriptors;
    }

    /** The present figures. */
    static ProcessFigures now() throws InterruptedException {
        return new ProcessFigures(settledThreads(), openDescriptors());
    }

    /** The growth since these figures were taken, in words that a test reads. */
    String growth() throws InterruptedException {
        return "live bytes " + TensorArena.liveBytes() + ", threads more " + (settledThreads() - threads) + ", descriptors more "
                + (openDescriptors() - descriptors);
    }

    /** The number of threads of sessions, counted once those that were told to end have ended. */
    private static long settledThreads() throws InterruptedException {
        for (int i = 0; i < 1000 && SmallModel.threads() > 0; i++) {
            Thread.sleep(5);
        }
        return SmallModel.threads();
    }

    private static long openDescriptors() {
        return ManagementFactory.getOperatingSystemMXBean() instanceof UnixOperatingSystemMXBean unix ? unix.getOpenFileDescriptorCount() : 0;
    }

    /** Resident memory after a garbage collection, or 0 if the system does not tell it. */
    static long residentKilobytes() throws IOException {
        System.gc();
        Path status = Path.of("/proc/self/status");
        if (!Files.exists(status)) {
            return 0;
        }
        return Files.readAllLines(status).stream().filter(line -> line.startsWith("VmRSS:")).mapToLong(line -> Long.parseLong(line.replaceAll("\\D", "")))
                .findFirst().orElse(0);
    }
}
