package vit.bench.peers;

import java.lang.management.ManagementFactory;

/** Waiting for the threads of other runtimes, which often spin for a while after a call. */
public final class IdleProcess {

    private static final long WINDOW_NANOS = 40_000_000;
    private static final long LIMIT_NANOS = 1_000_000_000;

    /**
     * The process is idle below this share of one core. Its processor time is counted in hundredths of a second: one of them within a window is
     * noise, and a thread that spins adds three or more.
     */
    private static final double IDLE_SHARE = 0.4;

    private IdleProcess() {}

    /**
     * Waits until no thread of this process is computing, but at most a second.
     *
     * @throws InterruptedException if the thread is interrupted while it waits
     */
    public static void await() throws InterruptedException {
        var system = (com.sun.management.OperatingSystemMXBean) ManagementFactory.getOperatingSystemMXBean();
        long start = System.nanoTime();
        while (System.nanoTime() - start < LIMIT_NANOS) {
            long begin = System.nanoTime();
            long busy = system.getProcessCpuTime();
            Thread.sleep(WINDOW_NANOS / 1_000_000);
            if (system.getProcessCpuTime() - busy < IDLE_SHARE * (System.nanoTime() - begin)) {
                return;
            }
        }
    }
}
