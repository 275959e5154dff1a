package vit.bench.scaling;

import java.util.LinkedHashMap;
import java.util.Map;

/**
 * A pass on a number of cores. Times are in seconds.
 *
 * @param workers  cores
 * @param outcome  the prediction
 * @param repeated the mean over the workers of work that one worker alone would not have done or that is slower beside others: keys packed for every part of a
 *                 head, tiles at the end of parts, panels that several workers read, the clock
 * @param measured the median of measured passes, or NaN
 * @param wake     what the pass takes longer if the threads had parked
 */
record ScalingRow(int workers, Simulation.Outcome outcome, double repeated, double measured, double wake) {

    double predicted() {
        return outcome.seconds();
    }

    /** Predicted by measured time, less 1; NaN if nothing was measured. */
    double error() {
        return predicted() / measured - 1;
    }

    Map<String, Object> toJson(double one) {
        Map<String, Object> object = new LinkedHashMap<>();
        object.put("cores", workers);
        object.put("predicted_ms", 1e3 * predicted());
        object.put("speed_up", one / predicted());
        object.put("efficiency", one / predicted() / workers);
        object.put("idle", outcome.idle() / predicted());
        object.put("repeated_work", repeated / predicted());
        object.put("claims", outcome.claims() / predicted());
        object.put("barriers", outcome.barriers() / predicted());
        object.put("bandwidth", outcome.bandwidth() / predicted());
        object.put("serial", outcome.serial() / predicted());
        object.put("wake_ms", 1e3 * wake);
        if (!Double.isNaN(measured)) {
            object.put("measured_ms", 1e3 * measured);
            object.put("error", error());
        }
        return object;
    }
}
