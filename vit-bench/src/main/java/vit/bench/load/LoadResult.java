package vit.bench.load;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import vit.model.InputException;
import vit.model.json.JsonArray;
import vit.model.json.JsonKind;
import vit.model.json.JsonObject;

/**
 * What a load did to a target. Figures that could not be measured are NaN.
 *
 * @param setting            what was measured
 * @param capacity           answers per second at saturation, measured just before
 * @param rate               requests per second that were due
 * @param counts             how the requests ended
 * @param latency            of the answered, from the moment when a request was due, in milliseconds
 * @param partMeans          the mean latency of each part of the load, in the order in which they were run
 * @param refusal            of the refused, from a request's start
 * @param lateness           of the generator: from the moment when a request was due to its start
 * @param service            what the service has measured itself
 * @param simulated          the same arrivals in a simulated queue; null if they are not Poisson or more than it can serve at that cost
 * @param memory             of this process
 * @param date               the day, for example {@code 2026-11-30}
 */
record LoadResult(LoadSetting setting, double capacity, double rate, Counts counts, Percentiles latency, List<Double> partMeans, Percentiles refusal,
        Percentiles lateness, Service service, Simulated simulated, Memory memory, String date) {

    /**
     * How requests ended.
     *
     * @param sent       requests that were started
     * @param inTime     answered within the deadline
     * @param late       answered after it
     * @param refused    declined before anything was computed, by reason
     * @param expired    admitted and given up because the deadline had passed, by reason
     * @param failed     by fault
     * @param unanswered whose end was not seen within ten seconds after the deadline
     */
    record Counts(long sent, long inTime, long late, Map<String, Long> refused, Map<String, Long> expired, Map<String, Long> failed, long unanswered) {

        static Counts of(Recording r) {
            long ended = r.inTime() + r.late() + sum(r.refused()) + sum(r.expired()) + sum(r.failed());
            return new Counts(r.sent(), r.inTime(), r.late(), r.refused(), r.expired(), r.failed(), r.sent() - ended);
        }

        static long sum(Map<String, Long> counts) {
            return counts.values().stream().mapToLong(Long::longValue).sum();
        }

        /** The admitted that were answered late or given up. */
        long missed() {
            return late + sum(expired);
        }

        /** Their share of the admitted; 0 if none was admitted. */
        double lateShare() {
            return missed() == 0 ? 0 : (double) missed() / (inTime + missed());
        }
    }

    /**
     * What a service has measured itself.
     *
     * @param costMillis  time of computing per image
     * @param meanBatch   images in a pass
     * @param queueP99Millis a bound that 99 of 100 waiting times keep
     * @param late        answers after the deadline by the service's clock, which starts when the request arrives
     */
    record Service(double costMillis, double meanBatch, double queueP99Millis, long late) {}

    /**
     * The queue M/D/c with the same arrivals.
     *
     * @param costMillis     what a request took
     * @param latency        in milliseconds
     * @param waitP999Millis waiting time that one in a thousand exceeds; NaN if there were fewer than 1,000
     */
    record Simulated(double costMillis, Percentiles latency, double waitP999Millis) {}

    /**
     * Of the process that holds both generator and target.
     *
     * @param beforeMegabytes   resident, before the load
     * @param afterMegabytes    resident, after it
     * @param bytesPerRequest   allocated on the heap for every request that was sent, by the generator too
     */
    record Memory(double beforeMegabytes, double afterMegabytes, double bytesPerRequest) {}

    /** Answers in time per second. */
    double goodput() {
        return counts.inTime / setting.seconds();
    }

    /** The rate as a share of the capacity; NaN if that was not measured. */
    double load() {
        return rate / capacity;
    }

    Map<String, Object> toJson() {
        Map<String, Object> object = new LinkedHashMap<>();
        setting.addTo(object);
        object.put("capacity_per_second", capacity);
        object.put("load", load());
        object.put("rate", rate);
        object.put("sent", counts.sent);
        object.put("in_time", counts.inTime);
        object.put("late", counts.late);
        object.put("refused", counts.refused);
        object.put("expired", counts.expired);
        object.put("failed", counts.failed);
        object.put("unanswered", counts.unanswered);
        object.put("goodput", goodput());
        object.put("latency_ms", latency.toJson());
        object.put("part_means_ms", partMeans);
        object.put("refusal_ms", refusal.toJson());
        object.put("lateness_ms", lateness.toJson());
        object.put("service_cost_ms", service.costMillis);
        object.put("service_mean_batch", service.meanBatch);
        object.put("service_queue_p99_ms", service.queueP99Millis);
        object.put("service_late", service.late);
        if (simulated != null) {
            Map<String, Object> queue = new LinkedHashMap<>();
            queue.put("cost_ms", simulated.costMillis);
            queue.put("latency_ms", simulated.latency.toJson());
            queue.put("wait_p99.9_ms", simulated.waitP999Millis);
            object.put("simulated", queue);
        }
        object.put("resident_before_mb", memory.beforeMegabytes);
        object.put("resident_after_mb", memory.afterMegabytes);
        object.put("allocated_bytes_per_request", memory.bytesPerRequest);
        object.put("date", date);
        return object;
    }

    /** What {@link #toJson} wrote. */
    static LoadResult of(JsonObject json) throws InputException {
        JsonObject queue = json.optionalObject("simulated").orElse(null);
        Percentiles latency = Percentiles.of(json.object("latency_ms"));
        JsonArray means = json.optionalArray("part_means_ms").orElse(null); // absent from older files, whose rows were one part
        return new LoadResult(LoadSetting.of(json), json.number("capacity_per_second", Double.NaN), json.number("rate"),
                new Counts(json.longInteger("sent"), json.longInteger("in_time"), json.longInteger("late"), counts(json, "refused"),
                        counts(json, "expired"), counts(json, "failed"), json.longInteger("unanswered")),
                latency, means == null ? List.of(latency.mean()) : numbers(means), Percentiles.of(json.object("refusal_ms")),
                Percentiles.of(json.object("lateness_ms")),
                new Service(json.number("service_cost_ms", Double.NaN), json.number("service_mean_batch", Double.NaN),
                        json.number("service_queue_p99_ms", Double.NaN), json.longInteger("service_late")),
                queue == null ? null
                        : new Simulated(queue.number("cost_ms"), Percentiles.of(queue.object("latency_ms")), queue.number("wait_p99.9_ms", Double.NaN)),
                new Memory(json.number("resident_before_mb", Double.NaN), json.number("resident_after_mb", Double.NaN),
                        json.number("allocated_bytes_per_request", Double.NaN)),
                json.text("date"));
    }

    private static List<Double> numbers(JsonArray array) throws InputException {
        List<Double> numbers = new ArrayList<>();
        for (int i = 0; i < array.size(); i++) {
            numbers.add(array.get(i).kind() == JsonKind.NULL ? Double.NaN : array.get(i).number());
        }
        return numbers;
    }

    private static Map<String, Long> counts(JsonObject json, String name) throws InputException {
        Map<String, Long> counts = new TreeMap<>();
        JsonObject object = json.object(name);
        for (String what : object.names()) {
            counts.put(what, object.longInteger(what));
        }
        return counts;
    }
}
