package vit.bench.peers;

import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.Map;
import vit.model.InputException;
import vit.model.json.JsonObject;

/** First quartile, median and third quartile, with linear interpolation between neighbours. */
record Quartiles(double q1, double median, double q3) {

    static Quartiles of(double[] values) {
        double[] sorted = values.clone();
        Arrays.sort(sorted);
        return new Quartiles(at(sorted, 0.25), at(sorted, 0.5), at(sorted, 0.75));
    }

    /** What {@link #toJson} wrote. */
    static Quartiles of(JsonObject json) throws InputException {
        return new Quartiles(json.number("q1"), json.number("median"), json.number("q3"));
    }

    Map<String, Object> toJson() {
        Map<String, Object> object = new LinkedHashMap<>();
        object.put("q1", q1);
        object.put("median", median);
        object.put("q3", q3);
        return object;
    }

    private static double at(double[] sorted, double share) {
        double place = share * (sorted.length - 1);
        int below = (int) place;
        int above = Math.min(below + 1, sorted.length - 1);
        return sorted[below] + (place - below) * (sorted[above] - sorted[below]);
    }
}
