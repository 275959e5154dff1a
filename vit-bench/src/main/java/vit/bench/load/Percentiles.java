package vit.bench.load;

import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.Map;
import org.HdrHistogram.Histogram;
import vit.model.InputException;
import vit.model.json.JsonObject;

/** Percentiles of times, in milliseconds; all are NaN if there were none, and the p99.9 of fewer than 1,000, which would be the maximum by another name. */
record Percentiles(double mean, double p50, double p90, double p99, double p999, double max) {

    private static final double NANOS_PER_MILLISECOND = 1e6;
    private static final int LEAST_FOR_P999 = 1000;

    static Percentiles of(Histogram nanos) {
        if (nanos.getTotalCount() == 0) {
            return new Percentiles(Double.NaN, Double.NaN, Double.NaN, Double.NaN, Double.NaN, Double.NaN);
        }
        return new Percentiles(nanos.getMean() / NANOS_PER_MILLISECOND, at(nanos, 50), at(nanos, 90), at(nanos, 99),
                nanos.getTotalCount() < LEAST_FOR_P999 ? Double.NaN : at(nanos, 99.9), nanos.getMaxValue() / NANOS_PER_MILLISECOND);
    }

    private static double at(Histogram nanos, double percentile) {
        return nanos.getValueAtPercentile(percentile) / NANOS_PER_MILLISECOND;
    }

    /** Of times in milliseconds, by the nearest rank, as HdrHistogram has it. */
    static Percentiles of(double[] millis) {
        if (millis.length == 0) {
            return of(new Histogram(1));
        }
        double[] sorted = millis.clone();
        Arrays.sort(sorted);
        return new Percentiles(Arrays.stream(sorted).average().orElseThrow(), rank(sorted, 0.5), rank(sorted, 0.9), rank(sorted, 0.99),
                sorted.length < LEAST_FOR_P999 ? Double.NaN : rank(sorted, 0.999), sorted[sorted.length - 1]);
    }

    private static double rank(double[] sorted, double share) {
        return sorted[Math.clamp((long) Math.ceil(share * sorted.length) - 1, 0, sorted.length - 1)];
    }

    Map<String, Object> toJson() {
        Map<String, Object> object = new LinkedHashMap<>();
        object.put("mean", mean);
        object.put("p50", p50);
        object.put("p90", p90);
        object.put("p99", p99);
        object.put("p99.9", p999);
        object.put("max", max);
        return object;
    }

    /** What {@link #toJson} wrote. */
    static Percentiles of(JsonObject json) throws InputException {
        return new Percentiles(json.number("mean", Double.NaN), json.number("p50", Double.NaN), json.number("p90", Double.NaN),
                json.number("p99", Double.NaN), json.number("p99.9", Double.NaN), json.number("max", Double.NaN));
    }
}
