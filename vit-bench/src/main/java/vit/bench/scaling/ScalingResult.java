package vit.bench.scaling;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.TreeMap;

/**
 * What was predicted and measured for one model and batch.
 *
 * @param model       the model's name
 * @param batch       images of a pass
 * @param barriers    of a pass
 * @param memoryBytes that a pass reads from memory
 * @param shares      of each kernel: the FMA rate that it reached on one core in the replay, as a share of the limit
 * @param replayed    the time of one core before the costs were scaled so that it is the measured one, in seconds
 * @param rows        by number of cores, ascending from 1
 * @param changes     what a change would do: by its name, the predicted seconds by number of cores
 */
record ScalingResult(String model, int batch, int barriers, double memoryBytes, Map<Kernel, Double> shares, double replayed, List<ScalingRow> rows,
        Map<String, TreeMap<Integer, Double>> changes) {

    /** The time of one core. */
    double one() {
        return rows.getFirst().predicted();
    }

    /** The predicted efficiency of a row: the speed-up for each core. */
    double efficiency(ScalingRow row) {
        return one() / row.predicted() / row.workers();
    }

    Map<String, Object> toJson() {
        Map<String, Object> object = new LinkedHashMap<>();
        object.put("model", model);
        object.put("batch", batch);
        object.put("barriers", barriers);
        object.put("memory_bytes", memoryBytes);
        Map<String, Object> reached = new LinkedHashMap<>();
        shares.forEach((kernel, share) -> reached.put(kernel.name().toLowerCase(Locale.ROOT), share));
        object.put("kernel_shares", reached);
        object.put("replayed_ms", 1e3 * replayed);
        object.put("rows", rows.stream().map(row -> row.toJson(one())).toList());
        Map<String, Object> effects = new LinkedHashMap<>();
        changes.forEach((name, times) -> {
            Map<String, Object> byCores = new LinkedHashMap<>();
            times.forEach((cores, seconds) -> byCores.put(String.valueOf(cores), 1e3 * seconds));
            effects.put(name, byCores);
        });
        object.put("changes_ms", effects);
        return object;
    }
}
