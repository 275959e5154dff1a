package vit.model.cli;

import com.sun.management.ThreadMXBean;
import java.lang.management.ManagementFactory;
import vit.kernels.parallel.Workers;

/** Counts the bytes that the threads of a team, including the calling one, allocate on the heap. For the calling thread. */
final class AllocationMeter {

    private static final ThreadMXBean THREADS = (ThreadMXBean) ManagementFactory.getThreadMXBean();

    private final long[] others; // ids of the team's threads without the caller
    private final long[] before;
    private long callerBefore;

    AllocationMeter(Workers team) {
        long[] ids = new long[team.count()];
        team.run(w -> ids[w.index()] = Thread.currentThread().threadId());
        others = java.util.Arrays.copyOfRange(ids, 1, ids.length);
        before = new long[others.length];
    }

    /** Starts counting. */
    void start() {
        for (int i = 0; i < others.length; i++) {
            before[i] = THREADS.getThreadAllocatedBytes(others[i]);
        }
        callerBefore = THREADS.getCurrentThreadAllocatedBytes(); // last, because the queries above allocate in this thread
    }

    /** The bytes allocated since {@link #start}. */
    long stop() {
        long bytes = THREADS.getCurrentThreadAllocatedBytes() - callerBefore;
        for (int i = 0; i < others.length; i++) {
            bytes += THREADS.getThreadAllocatedBytes(others[i]) - before[i];
        }
        return bytes;
    }
}
