package vit.bench.load;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Collectors;
import vit.model.InputException;
import vit.model.json.JsonArray;
import vit.model.json.JsonObject;

/**
 * The figures of a suite.
 *
 * @param model     the model's name
 * @param command   the command line
 * @param date      the day, for example {@code 2026-11-30}
 * @param rows      the loads, in the order in which they were run; of a load that was run in turn with batches and without, the row with them is first
 * @param saturated images per second of the service at saturation
 * @param fixed     images per second of sessions that compute batches of a fixed size, by that size
 * @param peers     a peer, ours, ours and the peer at the same rate, each in a process of its own; empty if there are no peers
 */
record SuiteResult(String model, String command, String date, List<LoadResult> rows, double saturated, Map<Integer, Double> fixed,
        List<LoadResult> peers) {

    /** Loads are products of floating-point numbers. */
    private static final double ROUNDING = 1e-6;

    /** The row of a load, with or without batches. */
    Optional<LoadResult> row(Arrivals arrivals, double load, boolean batches) {
        return rows.stream().filter(r -> r.setting().arrivals() == arrivals && r.setting().batchLimit() > 1 == batches
                && Math.abs(r.load() - load) < ROUNDING * load).findFirst();
    }

    /** The loads of Poisson arrivals that were run, ascending. */
    List<Double> loads() {
        return rows.stream().filter(r -> r.setting().arrivals() == Arrivals.POISSON).map(r -> Math.rint(r.load() * 100) / 100).distinct().sorted().toList();
    }

    Map<String, Object> toJson() {
        Map<String, Object> object = new LinkedHashMap<>();
        object.put("model", model);
        object.put("command", command);
        object.put("date", date);
        object.put("rows", rows.stream().map(LoadResult::toJson).toList());
        object.put("saturated_per_second", saturated);
        Map<String, Object> batches = new LinkedHashMap<>();
        fixed.forEach((batch, rate) -> batches.put(String.valueOf(batch), rate));
        object.put("fixed_batches_per_second", batches);
        object.put("peers", peers.stream().map(LoadResult::toJson).toList());
        object.put("promises", Promises.judge(this).stream().map(Promise::toJson).toList());
        return object;
    }

    /** What {@link #toJson} wrote. The promises are judged again. */
    static SuiteResult of(JsonObject json) throws InputException {
        Map<Integer, Double> fixed = new LinkedHashMap<>();
        JsonObject batches = json.object("fixed_batches_per_second");
        for (String batch : batches.names()) {
            fixed.put(Integer.valueOf(batch), batches.number(batch));
        }
        return new SuiteResult(json.text("model"), json.text("command"), json.text("date"), results(json.array("rows")),
                json.number("saturated_per_second"), fixed, results(json.array("peers")));
    }

    private static List<LoadResult> results(JsonArray array) throws InputException {
        List<LoadResult> results = new ArrayList<>();
        for (int i = 0; i < array.size(); i++) {
            results.add(LoadResult.of(array.get(i).object()));
        }
        return results;
    }

    /** The promises as text for people. */
    String text() {
        return Promises.judge(this).stream().map(promise -> promise.sentence() + "\n").collect(Collectors.joining());
    }
}
