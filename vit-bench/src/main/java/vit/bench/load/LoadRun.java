package vit.bench.load;

/** Puts loads on one target. */
final class LoadRun {

    /** Least requests on their way per session while the capacity is measured; more if batches may be larger. */
    private static final int OUTSTANDING_PER_SESSION = 4;

    private final Target target;

    LoadRun(Target target) {
        this.target = target;
    }

    /** Answers per second at saturation. */
    double capacity(LoadSetting setting, double seconds) throws InterruptedException {
        int each = Math.max(OUTSTANDING_PER_SESSION, 2 * setting.batchLimit());
        return Saturation.measure(target, Math.min(setting.sessions() * each, setting.queueLength()), seconds);
    }

    /**
     * Runs one load.
     *
     * @param capacity answers per second at saturation; NaN if unknown
     * @param rate     requests per second
     */
    LoadResult run(LoadSetting setting, double capacity, double rate) throws InterruptedException {
        LoadParts whole = parts(setting, capacity, rate, 1);
        whole.runNext();
        return whole.result();
    }

    /** One load, to be run in parts of equal length. */
    LoadParts parts(LoadSetting setting, double capacity, double rate, int count) {
        return new LoadParts(target, setting, capacity, rate, count);
    }
}
