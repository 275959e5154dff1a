package vit.bench.load;

import com.sun.management.ThreadMXBean;
import java.io.IOException;
import java.lang.management.ManagementFactory;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.stream.Stream;

/** Memory that this process holds and allocates between two moments. */
final class ProcessMeter {

    private static final Path STATUS = Path.of("/proc/self/status");
    private static final double KILOBYTES_PER_MEGABYTE = 1024;

    private final ThreadMXBean threads = (ThreadMXBean) ManagementFactory.getThreadMXBean();
    private double before = Double.NaN;
    private double after = Double.NaN;
    private long allocated;

    void begin() {
        before = residentMegabytes();
        threads.getTotalThreadAllocatedBytes(); // the first call allocates
        allocated = threads.getTotalThreadAllocatedBytes();
    }

    void end() {
        allocated = threads.getTotalThreadAllocatedBytes() - allocated;
        after = residentMegabytes();
    }

    /** Resident memory at the beginning; NaN where the system does not tell. */
    double before() {
        return before;
    }

    /** Resident memory at the end; NaN where the system does not tell. */
    double after() {
        return after;
    }

    /** Bytes that all threads have allocated on the heap between beginning and end. */
    long allocatedBytes() {
        return allocated;
    }

    private static double residentMegabytes() {
        try (Stream<String> lines = Files.lines(STATUS)) {
            return lines.filter(line -> line.startsWith("VmRSS:")).mapToDouble(line -> Double.parseDouble(line.replaceAll("[^0-9]", ""))).findFirst()
                    .orElse(Double.NaN) / KILOBYTES_PER_MEGABYTE;
        } catch (IOException e) {
            return Double.NaN;
        }
    }
}
