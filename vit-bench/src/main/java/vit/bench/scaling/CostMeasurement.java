package vit.bench.scaling;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.TreeMap;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.locks.LockSupport;
import java.util.function.DoubleSupplier;
import vit.kernels.parallel.Workers;
import vit.kernels.peak.FmaPeak;
import vit.kernels.peak.MemoryBandwidth;

/** Measures the costs of this machine that do not depend on a model. Takes some five seconds for each size of a team. */
final class CostMeasurement {

    private static final Path CACHE = Path.of("/sys/devices/system/cpu/cpu0/cache/index3/size");
    private static final int TRIALS = 9;
    private static final int UNTIMED_TRIALS = 20;
    private static final int CALLS = 20_000;
    private static final int ITEMS = 1000;
    private static final int WAKES = 50;
    private static final long SLEEP_NANOS = 2_000_000;

    private CostMeasurement() {}

    /** Measures with teams of these sizes, of which the first is 1. */
    static Costs measure(List<Integer> sizes) {
        TreeMap<Integer, Double> fma = new TreeMap<>();
        TreeMap<Integer, Double> bandwidth = new TreeMap<>();
        TreeMap<Integer, Double> barrier = new TreeMap<>();
        for (int size : sizes) {
            try (Workers team = Workers.of(size)) {
                fma.put(size, FmaPeak.measure(team).gflops());
                bandwidth.put(size, MemoryBandwidth.measure(team).read());
                barrier.put(size, size == 1 ? 0 : barrier(team));
            }
        }
        int pair = Math.min(2, Runtime.getRuntime().availableProcessors());
        try (Workers one = Workers.of(1); Workers two = Workers.of(2)) {
            double claim = median(() -> claims(one));
            double line = pair == 1 ? claim : median(() -> exchanges(two));
            double spinning = median(() -> calls(two));
            double wake = Math.max(0, median(() -> wakes(two)) - spinning);
            return new Costs(fma, bandwidth, barrier, claim, line, wake, median(CostMeasurement::unparks), cacheBytes());
        }
    }

    static double median(DoubleSupplier trial) {
        double[] values = new double[TRIALS];
        for (int i = 0; i < TRIALS; i++) {
            values[i] = trial.getAsDouble();
        }
        return median(values);
    }

    static double median(double[] values) {
        double[] sorted = values.clone();
        Arrays.sort(sorted);
        return sorted[sorted.length / 2];
    }

    private static double seconds(long start, long count) {
        return (System.nanoTime() - start) / 1e9 / count;
    }

    /** A barrier of a team, once its code is compiled: until then it takes three times as long, and compilation comes in the midst of the trials. */
    private static double barrier(Workers team) {
        for (int i = 0; i < UNTIMED_TRIALS; i++) {
            barriers(team);
        }
        return median(() -> barriers(team));
    }

    private static double barriers(Workers team) {
        long start = System.nanoTime();
        team.run(w -> {
            for (int i = 0; i < CALLS; i++) {
                w.barrier();
            }
        });
        return seconds(start, CALLS);
    }

    private static double claims(Workers one) {
        int loops = CALLS / 100;
        long start = System.nanoTime();
        one.run(w -> {
            for (int i = 0; i < loops; i++) {
                w.begin(ITEMS);
                while (w.claim() >= 0) {
                    // Only handing out items is timed.
                }
            }
        });
        return seconds(start, (long) loops * ITEMS);
    }

    /** Two threads increment one number in turn: each increment waits for a line that the other core has just written. */
    private static double exchanges(Workers two) {
        AtomicInteger turn = new AtomicInteger();
        long start = System.nanoTime();
        two.run(w -> {
            for (int i = w.index(); i < 2 * CALLS; i += 2) {
                for (int spins = 1; turn.get() != i; spins++) {
                    if (spins % ITEMS == 0) {
                        Thread.yield(); // on a machine whose other processor is busy
                    }
                    Thread.onSpinWait();
                }
                turn.set(i + 1);
            }
        });
        return seconds(start, 2 * CALLS);
    }

    private static double calls(Workers team) {
        long start = System.nanoTime();
        for (int i = 0; i < CALLS; i++) {
            team.run(w -> {});
        }
        return seconds(start, CALLS);
    }

    /** An empty task after a pause in which the team has parked. */
    private static double wakes(Workers team) {
        double[] times = new double[WAKES];
        for (int i = 0; i < WAKES; i++) {
            LockSupport.parkNanos(SLEEP_NANOS);
            long start = System.nanoTime();
            team.run(w -> {});
            times[i] = seconds(start, 1);
        }
        return median(times);
    }

    private static double unparks() {
        Thread sleeper = Thread.ofPlatform().daemon().start(() -> {
            while (!Thread.interrupted()) {
                LockSupport.park();
            }
        });
        double[] times = new double[WAKES];
        for (int i = 0; i < WAKES; i++) {
            LockSupport.parkNanos(SLEEP_NANOS);
            long start = System.nanoTime();
            LockSupport.unpark(sleeper);
            times[i] = seconds(start, 1);
        }
        sleeper.interrupt();
        return median(times);
    }

    private static long cacheBytes() {
        try {
            String text = Files.readString(CACHE).strip();
            return Long.parseLong(text.substring(0, text.length() - 1)) << 10;
        } catch (IOException | RuntimeException e) {
            return 0; // not Linux, or a virtual machine that does not tell
        }
    }
}
