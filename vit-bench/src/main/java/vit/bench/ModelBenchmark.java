package vit.bench;

import com.sun.management.ThreadMXBean;
import java.io.IOException;
import java.lang.management.ManagementFactory;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.HdrHistogram.Histogram;
import vit.kernels.parallel.Workers;
import vit.kernels.peak.FmaPeak;
import vit.model.SessionOptions;
import vit.model.VitModel;
import vit.model.VitSession;
import vit.model.WarmUpReport;
import vit.model.config.ForwardCost;
import vit.model.config.VitConfig;
import vit.model.config.VitVariants;
import vit.model.parameters.GeneratedWeights;

/**
 * The forward pass as a service sees it. It reports latency as percentiles (HdrHistogram), throughput, and the bytes that all threads of the JVM
 * allocate per call, beside the noise of a loop that computes nothing. Then it simulates many callers: N sessions of one thread each over one model,
 * compared with one session of N threads.
 *
 * <p>Usage: {@code vit-model-bench [MODEL [SECONDS [THREADS]]]}.
 */
public final class ModelBenchmark {

    private static final String DEFAULT_MODEL = "vit_base_patch16_224";
    private static final double DEFAULT_SECONDS = 15;
    private static final double LEAST_SECONDS = 0.1;
    private static final int MOST_THREADS = 1024;
    private static final long HIGHEST_NANOS = TimeUnit.MINUTES.toNanos(10);
    private static final int DIGITS = 3;
    private static final float TOLERANCE = 1e-4f;

    private final VitConfig config;
    private final double seconds;
    private final float[] image;
    private final float[] truth;

    private ModelBenchmark(VitConfig config, double seconds) {
        this.config = config;
        this.seconds = seconds;
        this.image = new float[config.channels() * config.imageHeight() * config.imageWidth()];
        new GeneratedWeights(config, 0).fill(image, image.length, "images", 1.7, 0);
        this.truth = new float[config.classes()];
    }

    /** Runs the benchmark. If the arguments make no sense, it says so and ends the JVM with exit code 2. */
    public static void main(String[] args) throws Exception {
        if (Arrays.asList(args).contains("--help")) {
            System.out.printf("Usage: vit-model-bench [MODEL [SECONDS [THREADS]]]%nDefault: %s %.0f, and as many threads as processors.%nModels:%n  %s%n",
                    DEFAULT_MODEL, DEFAULT_SECONDS, String.join("\n  ", VitVariants.names()));
            return;
        }
        String name = args.length > 0 ? args[0] : DEFAULT_MODEL;
        VitConfig config = VitVariants.find(name).orElse(null);
        if (config == null) {
            Launch.refuse("no model " + name, "one of " + String.join(", ", VitVariants.names()));
        }
        double seconds = number(args, 1, "SECONDS", DEFAULT_SECONDS, LEAST_SECONDS, TimeUnit.DAYS.toSeconds(1));
        double threads = number(args, 2, "THREADS", Runtime.getRuntime().availableProcessors(), 1, MOST_THREADS);
        if (threads != Math.rint(threads)) {
            Launch.refuse("THREADS is " + args[2], "a whole number");
        }
        System.out.printf("%s, JDK %s, %s %s%n", name, Runtime.version(), System.getProperty("os.name"), System.getProperty("os.arch"));
        new ModelBenchmark(config, seconds).run((int) threads);
    }

    private static double number(String[] args, int index, String name, double missing, double least, double most) {
        if (index >= args.length) {
            return missing;
        }
        double value;
        try {
            value = Double.parseDouble(args[index]);
        } catch (NumberFormatException e) {
            value = Double.NaN;
        }
        if (!(value >= least && value <= most)) {
            Launch.refuse(name + " is " + args[index], "a number from " + least + " to " + most);
        }
        return value;
    }

    private void run(int threads) throws IOException, InterruptedException {
        try (VitModel model = VitModel.of(new GeneratedWeights(config, 0)); Workers team = Workers.of(threads)) {
            double peak = FmaPeak.measure(team).gflops();
            System.out.printf(Locale.ROOT, "FMA limit %.1f GFLOP/s on %d threads; %.1f GFLOP per image, so %.2f ms at the limit%n", peak, threads,
                    ForwardCost.of(config).flops() / 1e9, ForwardCost.of(config).flops() / peak / 1e6);
            try (VitSession session = model.newSession(SessionOptions.workers(team))) {
                WarmUpReport report = session.warmUp();
                System.out.println("warm-up: " + report);
                session.logits(image, 1, truth);
                latency(session, team.count());
            }
            idle();
            manyCallers(model, 1, threads);
            manyCallers(model, threads, 1);
        }
    }

    private void latency(VitSession session, int threads) {
        float[] logits = new float[config.classes()];
        Histogram histogram = new Histogram(HIGHEST_NANOS, DIGITS);
        ThreadMXBean beans = (ThreadMXBean) ManagementFactory.getThreadMXBean();
        beans.getTotalThreadAllocatedBytes(); // the first call allocates
        long before = beans.getTotalThreadAllocatedBytes();
        long start = System.nanoTime();
        long last = start;
        while (last - start < seconds * 1e9) {
            session.logits(image, 1, logits);
            long now = System.nanoTime();
            histogram.recordValue(now - last);
            last = now;
        }
        long bytes = beans.getTotalThreadAllocatedBytes() - before;
        check(logits);
        print(threads + (threads == 1 ? " thread" : " threads"), histogram);
        System.out.printf(Locale.ROOT, "  %.2f images/s, %d bytes allocated per call%n", histogram.getTotalCount() / ((last - start) / 1e9),
                bytes / histogram.getTotalCount());
    }

    /** Times a loop of one millisecond, which shows what part of the percentiles above is due to the machine alone. */
    private void idle() {
        Histogram histogram = new Histogram(HIGHEST_NANOS, DIGITS);
        long start = System.nanoTime();
        while (System.nanoTime() - start < Math.min(seconds, 3) * 1e9) {
            long begin = System.nanoTime();
            double sum = 0;
            for (int i = 1; i < 1_000_000; i++) {
                sum += 1.0 / i;
            }
            if (sum < 14 || sum > 15) {
                throw new IllegalStateException("the harmonic sum is " + sum);
            }
            histogram.recordValue(System.nanoTime() - begin);
        }
        print("idle loop", histogram);
    }

    private static void print(String what, Histogram h) {
        System.out.printf(Locale.ROOT, "%s: %d calls, p50 %.2f ms, p90 %.2f, p99 %.2f, max %.2f; p99/p50 %.2f%n", what, h.getTotalCount(),
                millis(h, 50), millis(h, 90), millis(h, 99), h.getMaxValue() / 1e6, millis(h, 99) / millis(h, 50));
    }

    private static double millis(Histogram histogram, double percentile) {
        return histogram.getValueAtPercentile(percentile) / 1e6;
    }

    private void check(float[] logits) {
        for (int i = 0; i < logits.length; i++) {
            if (!(Math.abs(logits[i] - truth[i]) <= TOLERANCE * Math.max(1, Math.abs(truth[i])))) {
                throw new IllegalStateException("logit " + i + " is " + logits[i] + " instead of " + truth[i]);
            }
        }
    }

    /** {@code callers} threads, each with a session of {@code threadsEach} threads over the one model. */
    private void manyCallers(VitModel model, int callers, int threadsEach) throws InterruptedException {
        Histogram[] histograms = new Histogram[callers];
        List<Thread> threads = new ArrayList<>();
        List<Throwable> faults = Collections.synchronizedList(new ArrayList<>());
        CountDownLatch ready = new CountDownLatch(callers);
        for (int caller = 0; caller < callers; caller++) {
            Histogram histogram = histograms[caller] = new Histogram(HIGHEST_NANOS, DIGITS);
            threads.add(Thread.ofPlatform().start(() -> call(model, threadsEach, histogram, ready, faults)));
        }
        ready.await();
        long start = System.nanoTime();
        for (Thread thread : threads) {
            thread.join();
        }
        if (!faults.isEmpty()) {
            throw new IllegalStateException("a caller failed", faults.getFirst());
        }
        Histogram all = new Histogram(HIGHEST_NANOS, DIGITS);
        for (Histogram histogram : histograms) {
            all.add(histogram);
        }
        print(callers + (callers == 1 ? " caller" : " callers") + " × " + threadsEach + (threadsEach == 1 ? " thread" : " threads"), all);
        System.out.printf(Locale.ROOT, "  %.2f images/s in all%n", all.getTotalCount() / ((System.nanoTime() - start) / 1e9));
    }

    private void call(VitModel model, int threadsEach, Histogram histogram, CountDownLatch ready, List<Throwable> faults) {
        float[] logits = new float[config.classes()];
        try (VitSession session = model.newSession(SessionOptions.threads(threadsEach))) {
            session.logits(image, 1, logits);
            ready.countDown();
            ready.await();
            long start = System.nanoTime();
            long last = start;
            while (last - start < seconds * 1e9) {
                session.logits(image, 1, logits);
                long now = System.nanoTime();
                histogram.recordValue(now - last);
                last = now;
            }
            check(logits);
        } catch (Throwable fault) {
            faults.add(fault);
            ready.countDown();
        }
    }
}
