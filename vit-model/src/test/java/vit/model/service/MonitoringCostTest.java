package vit.model.service;

import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Path;
import java.text.ParseException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.ConcurrentLinkedQueue;
import jdk.jfr.Configuration;
import jdk.jfr.Recording;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import vit.model.VitModel;
import vit.model.config.VitConfig;
import vit.model.config.VitVariants;
import vit.model.parameters.GeneratedWeights;

/**
 * What it costs to watch a busy service: a flight recording with the settings of {@code docs/vit.jfc}, and statistics that are read ten times a second. Slices of time
 * with both and without take turns, so that a machine whose speed drifts slows both down.
 */
class MonitoringCostTest {

    private static final Path SETTINGS = Path.of("docs/vit.jfc");
    private static final int PAIRS = 40;
    private static final long SLICE_MILLIS = 1500;

    /** A recording takes a moment to begin; what is computed then does not count. */
    private static final long SETTLING_MILLIS = 400;

    private static final long READING_MILLIS = 100;

    /** One in a hundred, and what the median of the pairs swings by on a quiet machine. */
    private static final double LEAST = 0.98;

    private final ConcurrentLinkedQueue<Long> times = new ConcurrentLinkedQueue<>(); // of the requests of a slice
    private volatile boolean ended;

    @Test
    @Tag("heavy")
    void watchingCostsAtMostAHundredth() throws Exception {
        VitConfig config = VitVariants.find("vit_tiny_patch16_224").orElseThrow();
        double[] ratios = new double[PAIRS];
        try (VitService service = VitService.start(VitModel.of(new GeneratedWeights(config, 0)), ServiceOptions.defaults())) {
            service.ready().join();
            List<Thread> callers = new ArrayList<>();
            for (int i = 0; i < service.options().sessions(); i++) {
                callers.add(Thread.ofPlatform().start(() -> call(service, config)));
            }
            slice(service, false);
            for (int i = 0; i < PAIRS; i++) {
                boolean watchedFirst = i % 2 == 0;
                double first = slice(service, watchedFirst);
                double second = slice(service, !watchedFirst);
                ratios[i] = watchedFirst ? second / first : first / second;
            }
            ended = true;
            for (Thread caller : callers) {
                caller.join();
            }
        }
        Arrays.sort(ratios);
        System.out.printf(Locale.ROOT, "throughput while watched / unwatched: quartiles %.4f %.4f %.4f of %d pairs of %d ms%n",
                ratios[PAIRS / 4], ratios[PAIRS / 2], ratios[3 * PAIRS / 4], PAIRS, SLICE_MILLIS);
        assertTrue(ratios[PAIRS / 2] >= LEAST, () -> Arrays.toString(ratios));
    }

    private void call(VitService service, VitConfig config) {
        float[] pixels = new float[SessionEngine.imageElements(config)];
        float[] logits = new float[config.classes()];
        try {
            while (!ended) {
                long begin = System.nanoTime();
                service.logits(pixels, logits);
                times.add(System.nanoTime() - begin);
            }
        } catch (RequestRefusedException e) {
            throw new IllegalStateException(e);
        }
    }

    /** The mean time of a request in a slice of time, in nanoseconds. */
    private double slice(VitService service, boolean watched) throws IOException, InterruptedException, ParseException {
        if (!watched) {
            return meanTime(() -> { });
        }
        try (Recording recording = new Recording(Configuration.create(SETTINGS))) {
            recording.start();
            return meanTime(() -> {
                if (service.statistics().answered() < 1) {
                    throw new IllegalStateException("nothing was answered");
                }
            });
        }
    }

    private double meanTime(Runnable reading) throws InterruptedException {
        Thread.sleep(SETTLING_MILLIS);
        times.clear();
        for (long slept = 0; slept < SLICE_MILLIS; slept += READING_MILLIS) {
            Thread.sleep(READING_MILLIS);
            reading.run();
        }
        return times.stream().mapToLong(Long::longValue).average().orElseThrow();
    }
}
