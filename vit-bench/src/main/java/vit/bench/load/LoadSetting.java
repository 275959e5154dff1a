package vit.bench.load;

import java.util.Locale;
import java.util.Map;
import vit.model.InputException;
import vit.model.json.JsonObject;

/**
 * What is measured, apart from how much load is put on it.
 *
 * @param target         name and version of what is measured, or a server's address
 * @param model          for example {@code vit_base_patch16_224}
 * @param body           how an image reaches the target: {@code array} in this process, otherwise {@code tensor}, {@code json} or {@code image}
 * @param sessions       passes that are computed at once; of a server, as many as the user says it has
 * @param threads        of each session
 * @param batchLimit     most images in a pass
 * @param queueLength    most requests that wait
 * @param deadlineMillis from the moment when a request is due to its answer
 * @param arrivals       of the requests
 * @param seed           of Poisson arrivals
 * @param warmUpSeconds  load that is not counted, before the one that is
 * @param seconds        of load that is counted
 */
record LoadSetting(String target, String model, String body, int sessions, int threads, int batchLimit, int queueLength, double deadlineMillis,
        Arrivals arrivals, long seed, double warmUpSeconds, double seconds) {

    long deadlineNanos() {
        return Math.round(deadlineMillis * 1e6);
    }

    LoadSetting withArrivals(Arrivals other) {
        return new LoadSetting(target, model, body, sessions, threads, batchLimit, queueLength, deadlineMillis, other, seed, warmUpSeconds, seconds);
    }

    LoadSetting withBatchLimit(int images) {
        return new LoadSetting(target, model, body, sessions, threads, images, queueLength, deadlineMillis, arrivals, seed, warmUpSeconds, seconds);
    }

    void addTo(Map<String, Object> object) {
        object.put("target", target);
        object.put("model", model);
        object.put("body", body);
        object.put("sessions", sessions);
        object.put("threads", threads);
        object.put("batch_limit", batchLimit);
        object.put("queue", queueLength);
        object.put("deadline_ms", deadlineMillis);
        object.put("arrivals", arrivals.name().toLowerCase(Locale.ROOT));
        object.put("seed", seed);
        object.put("warm_up_seconds", warmUpSeconds);
        object.put("seconds", seconds);
    }

    /** What {@link #addTo} wrote. */
    static LoadSetting of(JsonObject json) throws InputException {
        return new LoadSetting(json.text("target"), json.text("model"), json.text("body"), json.integer("sessions"), json.integer("threads"),
                json.integer("batch_limit"), json.integer("queue"), json.number("deadline_ms"),
                Arrivals.valueOf(json.text("arrivals").toUpperCase(Locale.ROOT)), json.longInteger("seed"), json.number("warm_up_seconds"),
                json.number("seconds"));
    }
}
