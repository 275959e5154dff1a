package vit.model.serve;

import java.nio.charset.StandardCharsets;
import vit.model.VitModel;
import vit.model.service.ServiceStatistics;

/** {@code /metrics}: the service's statistics in Prometheus' text format, version 0.0.4. */
final class MetricsEndpoint implements Endpoint {

    private static final String CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8";

    private final ServerState state;

    MetricsEndpoint(ServerState state) {
        this.state = state;
    }

    @Override
    public void answer(Exchange exchange) {
        exchange.reply(200, CONTENT_TYPE, text().getBytes(StandardCharsets.UTF_8));
    }

    private String text() {
        ServiceStatistics statistics = state.service.statistics();
        VitModel model = state.service.model();
        String name = state.options.modelName();
        PrometheusText text = new PrometheusText();
        text.family("vit_model_info", "gauge", "The model that answers; always 1.")
                .sample(1, "model", name, "version", "1", "family", model.config().family());
        text.family("vit_ready", "gauge", "Whether requests are admitted and the server is not shutting down.").sample(state.isReady() ? 1 : 0, "model", name);
        text.family("vit_requests_total", "counter", "Requests that have ended, by outcome.")
                .sample(statistics.answered(), "model", name, "outcome", "answered")
                .sample(statistics.failed(), "model", name, "outcome", "failed")
                .sample(statistics.cancelled(), "model", name, "outcome", "cancelled")
                .sample(statistics.refusedInAll(), "model", name, "outcome", "refused");
        text.family("vit_late_total", "counter", "Requests that were answered after their deadline.").sample(statistics.late(), "model", name);
        text.family("vit_shed_total", "counter", "Requests that were refused, by reason.");
        statistics.refused().forEach((reason, count) -> text.sample(count, "model", name, "reason", reason.name()));
        text.family("vit_queue_length", "gauge", "Requests that wait now.").sample(statistics.queueLength(), "model", name);
        text.family("vit_queue_bytes", "gauge", "Bytes of the images that wait now.").sample(statistics.queueBytes(), "model", name);
        text.family("vit_queue_seconds", "histogram", "Time in the queue of every request that was computed.").histogram(statistics.queueSeconds(), name);
        text.family("vit_decode_seconds", "histogram", "Time in which an image was decoded and preprocessed, its wait for a place included.")
                .histogram(statistics.decodeSeconds(), name);
        text.family("vit_compute_seconds", "histogram", "Time of every pass.").histogram(statistics.computeSeconds(), name);
        text.family("vit_batch_images", "histogram", "Images of every pass.").histogram(statistics.batchImages(), name);
        text.family("vit_completion_ratio", "histogram", "Time to the answer over the predicted time.").histogram(statistics.completionRatio(), name);
        text.family("vit_weight_bytes", "gauge", "Bytes of the model's weights.").sample(model.weightBytes(), "model", name);
        text.family("vit_body_bytes", "gauge", "Bytes that are set aside now for the bodies of all requests and what is made of them.").sample(state.bodies.taken());
        text.family("vit_http_responses_total", "counter", "Answers by status.");
        state.meters.answers().forEach((status, count) -> text.sample(count, "status", Integer.toString(status)));
        return text.toString();
    }
}
