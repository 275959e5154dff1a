package vit.model.serve;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.Base64;
import java.util.Map;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import vit.model.serve.RawHttp.Answer;
import vit.model.service.Histogram;
import vit.model.service.MicroModel;
import vit.model.service.PassGate;
import vit.model.service.RequestRefusedException.Reason;
import vit.model.service.ServiceStatistics;

/** {@code /metrics}, read with a strict parser. */
@Timeout(60)
class MetricsTest extends RunningServer {

    private final PassGate gate = new PassGate();

    @AfterEach
    void end() {
        if (server != null) {
            gate.open();
            stop();
        }
    }

    @Test
    void countersAgreeWithTheStatisticsOfTheService() throws Exception {
        start(gate.start(MicroModel.open(0), OPTIONS.service()), OPTIONS);
        PrometheusFile.of(get("/metrics").text()); // before anything has happened
        for (int i = 0; i < 5; i++) {
            assertEquals(200, post("/v2/models/vit/infer", littleEndian(MicroModel.pixels(i)), "Inference-Header-Content-Length: 0").status());
        }
        post("/embed", bytes("not an image"));
        assertEquals(503, infer("{\"parameters\":{\"timeout\":1},\"inputs\":[{\"name\":\"image\",\"shape\":[1],\"datatype\":\"BYTES\",\"data\":[\""
                + Base64.getEncoder().encodeToString(file(MicroModel.image(1))) + "\"]}]}").status());
        get("/nowhere");
        await(() -> server.openRequests() == 0, "all answers are counted");
        ServiceStatistics statistics = server.service().statistics();
        Answer answer = get("/metrics");
        assertEquals("text/plain; version=0.0.4; charset=utf-8", answer.headers().get("content-type"));
        PrometheusFile metrics = PrometheusFile.of(answer.text());
        assertEquals(5, statistics.answered());
        assertEquals(statistics.answered(), metrics.value("vit_requests_total", Map.of("model", "vit", "outcome", "answered")));
        assertEquals(1, metrics.value("vit_requests_total", Map.of("model", "vit", "outcome", "failed")));
        assertEquals(0, metrics.value("vit_requests_total", Map.of("model", "vit", "outcome", "cancelled")));
        assertEquals(1, metrics.value("vit_requests_total", Map.of("model", "vit", "outcome", "refused")));
        for (Reason reason : Reason.values()) {
            assertEquals((double) statistics.refused().get(reason), metrics.value("vit_shed_total", Map.of("model", "vit", "reason", reason.name())), reason.name());
        }
        assertEquals(5, metrics.value("vit_http_responses_total", Map.of("status", "200")) - 1, "five, and the first /metrics");
        assertEquals(1, metrics.value("vit_http_responses_total", Map.of("status", "404")));
        assertEquals(1, metrics.value("vit_http_responses_total", Map.of("status", "400")));
        assertEquals(1, metrics.value("vit_http_responses_total", Map.of("status", "503")));
        assertEquals(1, metrics.value("vit_ready", Map.of("model", "vit")));
        assertEquals(0, metrics.value("vit_body_bytes", Map.of()));
        assertHistogram(metrics, "vit_queue_seconds", statistics.queueSeconds());
        assertHistogram(metrics, "vit_decode_seconds", statistics.decodeSeconds());
        assertHistogram(metrics, "vit_compute_seconds", statistics.computeSeconds());
        assertHistogram(metrics, "vit_batch_images", statistics.batchImages());
        assertHistogram(metrics, "vit_completion_ratio", statistics.completionRatio());
        server.service().close();
        assertEquals(0, PrometheusFile.of(get("/metrics").text()).value("vit_ready", Map.of("model", "vit")));
    }

    private static void assertHistogram(PrometheusFile metrics, String name, Histogram histogram) {
        assertEquals(histogram.count(), metrics.value(name + "_count", Map.of("model", "vit")), name);
        assertEquals(histogram.sum(), metrics.value(name + "_sum", Map.of("model", "vit")), name);
        long below = 0;
        for (int i = 0; i < histogram.bounds().length; i++) {
            below += histogram.counts()[i];
            double bound = histogram.bounds()[i];
            String text = bound == Math.rint(bound) ? String.valueOf((long) bound) : String.valueOf(bound);
            assertEquals(below, metrics.value(name + "_bucket", Map.of("model", "vit", "le", text)), name);
        }
    }

    @Test
    void numbersAndLabelsAreWrittenAsTheFormatHasThem() {
        String text = new PrometheusText().family("a_total", "counter", "Help.").sample(1e300, "x", "\\ \" \n").sample(-0.5).sample(1L << 40, "x", "y")
                .family("h", "histogram", "Help.").histogram(new Histogram(new double[] {0.1, 1}, new long[] {1, 0, 2}, 7.5), "m").toString();
        assertEquals("""
                # HELP a_total Help.
                # TYPE a_total counter
                a_total{x="\\\\ \\" \\n"} 1.0E300
                a_total -0.5
                a_total{x="y"} 1099511627776
                # HELP h Help.
                # TYPE h histogram
                h_bucket{model="m",le="0.1"} 1
                h_bucket{model="m",le="1"} 1
                h_bucket{model="m",le="+Inf"} 3
                h_sum{model="m"} 7.5
                h_count{model="m"} 3
                """, text);
        assertEquals(1e300, PrometheusFile.of(text).value("a_total", Map.of("x", "\\ \" \n")));
    }

    @Test
    void theParserRefusesWhatIsNotTheFormat() {
        String good = new PrometheusText().family("h", "histogram", "Help.").histogram(new Histogram(new double[] {1}, new long[] {1, 2}, 7.5), "m").toString();
        PrometheusFile.of(good);
        for (String bad : new String[] {good.replace("# TYPE h histogram\n", ""), good.replace("# HELP h Help.\n", ""), good.replace("h_count", "i_count"), good.replace("_count{model=\"m\"} 3", "_count{model=\"m\"} 2"),
                good.replace("le=\"+Inf\"} 3", "le=\"+Inf\"} 0"), good.replace("7.5", "7,5"), good.stripTrailing(), good + good, good.replace("\"m\"", "m"), good.replace("} 1\n", "} 1 x\n"),
                good.replace("histogram\n", "histo\n"), good + "\n\n", good.replace("h_bucket{model=\"m\",le=\"+Inf\"} 3\n", "")}) {
            assertFalse(bad.equals(good));
            assertThrows(AssertionError.class, () -> PrometheusFile.of(bad), bad);
        }
        assertTrue(PrometheusFile.of("").isEmpty());
    }
}
