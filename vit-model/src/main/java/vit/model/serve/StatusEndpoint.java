package vit.model.serve;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import vit.model.VitModel;
import vit.model.config.VitConfig;
import vit.model.serve.protocol.InferenceModel;
import vit.model.service.ServiceOptions;
import vit.model.service.ServiceStatistics;

/** What the page shows of the server: its model, its queue, and the last minute. */
final class StatusEndpoint implements Endpoint {

    private final ServerState state;

    StatusEndpoint(ServerState state) {
        this.state = state;
    }

    @Override
    public void answer(Exchange exchange) {
        ServiceOptions options = state.service.options();
        Map<String, Object> status = new LinkedHashMap<>();
        status.put("model", model());
        status.put("ready", state.isReady());
        status.put("draining", state.isDraining());
        status.put("sessions", options.sessions());
        status.put("threads", options.threads());
        status.put("deadline_ms", options.deadline().toMillis());
        status.put("max_body_bytes", state.options.maxBodyBytes());
        ServiceStatistics statistics = state.service.statistics();
        Map<String, Object> queue = new LinkedHashMap<>();
        queue.put("length", statistics.queueLength());
        queue.put("limit", options.queueLength());
        queue.put("bytes", statistics.queueBytes());
        status.put("queue", queue);
        status.put("requests", requests(statistics));
        status.put("recent", recent());
        exchange.replyJson(200, status);
    }

    private Map<String, Object> model() {
        VitModel model = state.service.model();
        VitConfig config = model.config();
        Map<String, Object> fields = new LinkedHashMap<>();
        fields.put("name", state.options.modelName());
        fields.put("version", InferenceModel.VERSION);
        fields.put("family", config.family());
        fields.put("description", description(config));
        fields.put("image", List.of(config.imageHeight(), config.imageWidth()));
        fields.put("parameters", model.parameters().count());
        fields.put("shipped", state.options.shippedModel());
        return fields;
    }

    private static String description(VitConfig config) {
        List<String> parts = new ArrayList<>();
        parts.add(config.depth() + " blocks of width " + config.width());
        parts.add(config.imageHeight() + " × " + config.imageWidth() + " pixels");
        parts.add("patches of " + config.patch() + " × " + config.patch());
        parts.add(config.classes() == 0 || config.isProjection() ? "embeddings of " + config.embeddingWidth() : config.classes() + " classes");
        return String.join(", ", parts);
    }

    private static Map<String, Object> requests(ServiceStatistics statistics) {
        Map<String, Object> requests = new LinkedHashMap<>();
        requests.put("answered", statistics.answered());
        requests.put("late", statistics.late());
        requests.put("failed", statistics.failed());
        requests.put("cancelled", statistics.cancelled());
        Map<String, Object> refused = new TreeMap<>();
        statistics.refused().forEach((reason, count) -> refused.put(reason.name(), count));
        requests.put("refused", refused);
        return requests;
    }

    private Map<String, Object> recent() {
        HttpMeters.Recent recent = state.meters.recent();
        Map<String, Object> fields = new LinkedHashMap<>();
        fields.put("seconds", Math.round(recent.seconds()));
        fields.put("count", recent.count());
        fields.put("p50_ms", recent.count() == 0 ? null : recent.p50Millis());
        fields.put("p99_ms", recent.count() == 0 ? null : recent.p99Millis());
        fields.put("images_per_second", recent.seconds() == 0 ? 0 : Math.round(recent.count() / recent.seconds() * 100) / 100.0);
        return fields;
    }
}
