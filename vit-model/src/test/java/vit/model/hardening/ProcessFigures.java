package vit.model.hardening;

import com.sun.management.UnixOperatingSystemMXBean;
import java.io.IOException;
import java.lang.management.ManagementFactory;
import java.nio.file.Files;
import java.nio.file.Path;
import vit.kernels.tensor.TensorArena;

/** What this process holds: the figures that must not grow. */
final class ProcessFigures {

    private final long threads;
    private final long descriptors;

    private ProcessFigures(long threads, long descriptors) {
        this.threads = threads;
        this.descriptors = descriptors;
    }

    /** The figures of this moment. */
    static ProcessFigures now() throws InterruptedException {
        return new ProcessFigures(settledThreads(), openDescriptors());
    }

    /** What there is now more than then, in words that a test reads. */
    String growth() throws InterruptedException {
        return "live bytes " + TensorArena.liveBytes() + ", threads more " + (settledThreads() - threads) + ", descriptors more "
                + (openDescriptors() - descriptors);
    }

    /** Threads of sessions, once those that were told to end have ended. */
    private static long settledThreads() throws InterruptedException {
        for (int i = 0; i < 1000 && SmallModel.threads() > 0; i++) {
            Thread.sleep(5);
        }
        return SmallModel.threads();
    }

    private static long openDescriptors() {
        return ManagementFactory.getOperatingSystemMXBean() instanceof UnixOperatingSystemMXBean unix ? unix.getOpenFileDescriptorCount() : 0;
    }

    /** Resident memory after a collection; 0 where the system does not tell it. */
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
