package vit.bench.scaling;

import java.util.LinkedHashMap;
import java.util.Map;

/** What would be gained on a number of cores if one of the model's costs were another. */
final class Changes {

    private Changes() {}

    /** The predicted seconds of a pass by the name of the change. */
    static Map<String, Double> predict(Forecast forecast, int workers, Simulation.Outcome now) {
        Tiling tiling = Tiling.ofThisMachine();
        Costs costs = forecast.costs();
        Map<String, Double> times = new LinkedHashMap<>();
        times.put("nobody waits for items", now.seconds() - now.idle());
        times.put("6 items a worker", forecast.predict(workers, tiling.withItems(6), costs, 1).seconds());
        times.put("24 items a worker", forecast.predict(workers, tiling.withItems(24), costs, 1).seconds());
        times.put("barriers at half their cost", forecast.predict(workers, tiling, costs, 0.5).seconds());
        times.put("free barriers", forecast.predict(workers, tiling, costs, 0).seconds());
        times.put("free search for items", forecast.predict(workers, tiling, costs.withFreeSearch(), 1).seconds());
        times.put("4 × the memory bandwidth", forecast.predict(workers, tiling, costs.withMemory(4), 1).seconds());
        return times;
    }
}
