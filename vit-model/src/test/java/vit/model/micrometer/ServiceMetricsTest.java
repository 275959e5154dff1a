package vit.model.micrometer;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.micrometer.core.instrument.FunctionCounter;
import io.micrometer.core.instrument.FunctionTimer;
import io.micrometer.core.instrument.Meter;
import io.micrometer.core.instrument.Tag;
import io.micrometer.core.instrument.Tags;
import io.micrometer.core.instrument.config.NamingConvention;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import java.io.IOException;
import java.time.Duration;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.concurrent.TimeUnit;
import java.util.stream.Collectors;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import vit.model.InputException;
import vit.model.VitModel;
import vit.model.config.VitConfig;
import vit.model.image.RgbImage;
import vit.model.parameters.GeneratedWeights;
import vit.model.service.Histogram;
import vit.model.service.Request;
import vit.model.service.RequestRefusedException;
import vit.model.service.RequestRefusedException.Reason;
import vit.model.service.ServiceOptions;
import vit.model.service.ServiceStatistics;
import vit.model.service.VitService;

@Timeout(60)
class ServiceMetricsTest {

    private static final VitConfig CONFIG = VitConfig.builder().family("timm").image(8, 8).patch(4).width(16).depth(2).heads(2).mlp(20).classes(5).build();
    private static final Tags MODEL = Tags.of("model", "pets");

    private final SimpleMeterRegistry registry = new SimpleMeterRegistry();
    private VitService service;

    @BeforeEach
    void start() throws IOException {
        service = VitService.start(VitModel.of(new GeneratedWeights(CONFIG, 1)), ServiceOptions.defaults().withSessions(1, 1).withDeadline(Duration.ofMinutes(1)));
        new ServiceMetrics(service, MODEL).bindTo(registry);
    }

    @AfterEach
    void close() {
        service.close();
    }

    private double counter(String name, String... tags) {
        return registry.get(name).tags(MODEL).tags(tags).functionCounter().count();
    }

    private double gauge(String name) {
        return registry.get(name).tags(MODEL).gauge().value();
    }

    /** Makes eleven answers, two failures and three refusals. */
    private void use() throws Exception {
        service.ready().join();
        for (int i = 0; i < 11; i++) {
            service.classify(new RgbImage(11, 13, new byte[11 * 13 * 3]));
        }
        for (int i = 0; i < 2; i++) {
            assertThrows(InputException.class, () -> service.call(Request.embedding(new byte[] {1, 2, 3})));
        }
        for (int i = 0; i < 3; i++) {
            assertThrows(RequestRefusedException.class, () -> service.call(Request.logits(new float[3 * 8 * 8]).within(Duration.ofNanos(1))));
        }
    }

    @Test
    void metersSayWhatTheStatisticsSay() throws Exception {
        assertEquals(0, counter("vit.requests", "outcome", "answered"));
        use();
        ServiceStatistics statistics = service.statistics();
        assertEquals(11, counter("vit.requests", "outcome", "answered"));
        assertEquals(2, counter("vit.requests", "outcome", "failed"));
        assertEquals(0, counter("vit.requests", "outcome", "cancelled"));
        assertEquals(3, counter("vit.requests", "outcome", "refused"));
        double shed = 0;
        for (Reason reason : Reason.values()) {
            assertEquals(statistics.refused().get(reason).doubleValue(), counter("vit.shed", "reason", reason.name()), reason.name());
            shed += counter("vit.shed", "reason", reason.name());
        }
        assertEquals(3, shed);
        assertEquals(statistics.late(), counter("vit.late"));
        assertEquals(11, counter("vit.batch.images"));
        assertEquals(1, gauge("vit.ready"));
        assertEquals(0, gauge("vit.queue.length"));
        assertEquals(0, gauge("vit.queue.bytes"));
        assertEquals(service.model().weightBytes(), gauge("vit.weight"));
        service.close();
        assertEquals(0, gauge("vit.ready"));
    }

    @Test
    void timersHaveCountAndTotalOfTheHistograms() throws Exception {
        use();
        ServiceStatistics statistics = service.statistics();
        Map<String, Histogram> timers = Map.of("vit.queue", statistics.queueSeconds(), "vit.decode", statistics.decodeSeconds(), "vit.compute", statistics.computeSeconds());
        timers.forEach((name, histogram) -> {
            FunctionTimer timer = registry.get(name).tags(MODEL).functionTimer();
            assertTrue(histogram.count() >= 11, name);
            assertEquals(histogram.count(), timer.count(), name);
            assertEquals(histogram.sum(), timer.totalTime(TimeUnit.SECONDS), 1e-12, name);
        });
        assertEquals(13, registry.get("vit.decode").functionTimer().count());
    }

    @Test
    void histogramsAreCumulative() throws Exception {
        use();
        ServiceStatistics statistics = service.statistics();
        Map<String, Histogram> histograms = Map.of("vit.queue", statistics.queueSeconds(), "vit.decode", statistics.decodeSeconds(), "vit.compute", statistics.computeSeconds(),
                "vit.batch.images", statistics.batchImages(), "vit.completion.ratio", statistics.completionRatio());
        histograms.forEach((name, histogram) -> {
            Map<String, Double> counts = registry.get(name + ".histogram").functionCounters().stream()
                    .collect(Collectors.toMap(meter -> meter.getId().getTag("le"), FunctionCounter::count));
            assertEquals(histogram.bounds().length + 1, counts.size(), name);
            long below = 0;
            for (int i = 0; i < histogram.bounds().length; i++) {
                double bound = histogram.bounds()[i];
                below += histogram.counts()[i];
                List<Double> found = counts.entrySet().stream().filter(entry -> !entry.getKey().equals("+Inf") && Double.parseDouble(entry.getKey()) == bound)
                        .map(Map.Entry::getValue).toList();
                assertEquals(List.of((double) below), found, name + " up to " + bound);
            }
            assertEquals(histogram.count(), counts.get("+Inf"), name);
        });
        assertTrue(registry.get("vit.queue.histogram").tag("le", "0.0001").functionCounter().count() >= 0, "bounds are written without an exponent");
    }

    /** As Micrometer's registry for Prometheus names them, they are what {@code vit serve} has under {@code /metrics}, but for buckets. */
    @Test
    void namesFollowPrometheus() {
        Set<String> names = new TreeSet<>();
        Map<String, Set<String>> keys = new HashMap<>();
        for (Meter meter : registry.getMeters()) {
            String name = prometheus(meter);
            assertTrue(name.matches("[a-z_]+"), name);
            assertTrue(meter.getId().getDescription().length() > 5, name);
            names.add(name);
            Set<String> tags = meter.getId().getTags().stream().map(Tag::getKey).collect(Collectors.toCollection(TreeSet::new));
            assertTrue(tags.contains("model"), name);
            assertEquals(tags, keys.computeIfAbsent(name, _ -> tags), () -> name + ": all meters of a name have the same tags");
        }
        assertEquals(Set.of("vit_requests_total", "vit_shed_total", "vit_late_total", "vit_ready", "vit_queue_length", "vit_queue_bytes", "vit_weight_bytes", "vit_queue_seconds",
                "vit_decode_seconds", "vit_compute_seconds", "vit_batch_images_total", "vit_queue_histogram_total", "vit_decode_histogram_total",
                "vit_compute_histogram_total", "vit_batch_images_histogram_total", "vit_completion_ratio_histogram_total"), names);
    }

    /** The rules of {@code PrometheusNamingConvention}, which is in another artifact. */
    private static String prometheus(Meter meter) {
        String name = NamingConvention.snakeCase.name(meter.getId().getName(), meter.getId().getType(), meter.getId().getBaseUnit());
        String unit = meter.getId().getBaseUnit();
        if (unit != null && !unit.isEmpty() && meter.getId().getType() != Meter.Type.TIMER && !name.endsWith("_" + unit)) {
            name += "_" + unit;
        }
        return switch (meter.getId().getType()) {
            case COUNTER -> name + "_total";
            case TIMER -> name + "_seconds";
            default -> name;
        };
    }

    @Test
    void twoServicesShareARegistryByTheirTags() throws Exception {
        use();
        try (VitService other = VitService.start(VitModel.of(new GeneratedWeights(CONFIG, 2)), service.options())) {
            new ServiceMetrics(other, Tags.of("model", "plants")).bindTo(registry);
            assertEquals(0, registry.get("vit.requests").tags("model", "plants", "outcome", "answered").functionCounter().count());
            assertEquals(11, counter("vit.requests", "outcome", "answered"));
        }
        SimpleMeterRegistry plain = new SimpleMeterRegistry();
        new ServiceMetrics(service).bindTo(plain);
        assertEquals(11, plain.get("vit.requests").tags("outcome", "answered").functionCounter().count());
    }
}
