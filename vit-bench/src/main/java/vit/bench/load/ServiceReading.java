package vit.bench.load;

import java.util.function.Function;
import vit.model.service.Histogram;
import vit.model.service.ServiceStatistics;

/**
 * The times that a service has measured itself since it was started.
 *
 * @param queueSeconds   time in the queue of every request that was computed; null if the target does not tell
 * @param computeSeconds time of every pass
 * @param batchImages    images of every pass
 * @param late           answers after their deadlines, by the service's own clock
 */
record ServiceReading(Histogram queueSeconds, Histogram computeSeconds, Histogram batchImages, long late) {

    /** Of a target that says nothing. */
    static final ServiceReading NONE = new ServiceReading(null, null, null, 0);

    static ServiceReading of(ServiceStatistics statistics) {
        return new ServiceReading(statistics.queueSeconds(), statistics.computeSeconds(), statistics.batchImages(), statistics.late());
    }

    /** What came since an earlier reading of the same target. */
    ServiceReading since(ServiceReading earlier) {
        return queueSeconds == null || earlier.queueSeconds == null ? NONE : plus(earlier, -1);
    }

    /** What came in two periods; that of one of them if the other is {@link #NONE}. */
    ServiceReading and(ServiceReading other) {
        return queueSeconds == null ? other : other.queueSeconds == null ? this : plus(other, 1);
    }

    private ServiceReading plus(ServiceReading other, int sign) {
        return new ServiceReading(plus(other, sign, ServiceReading::queueSeconds), plus(other, sign, ServiceReading::computeSeconds),
                plus(other, sign, ServiceReading::batchImages), late + sign * other.late);
    }

    private Histogram plus(ServiceReading other, int sign, Function<ServiceReading, Histogram> which) {
        Histogram mine = which.apply(this);
        Histogram theirs = which.apply(other);
        long[] counts = mine.counts();
        long[] more = theirs.counts();
        for (int i = 0; i < counts.length; i++) {
            counts[i] += sign * more[i];
        }
        return new Histogram(mine.bounds(), counts, mine.sum() + sign * theirs.sum());
    }

    /** Milliseconds of computing per image; NaN if unknown. */
    double costMillis() {
        return computeSeconds == null || batchImages.sum() == 0 ? Double.NaN : 1e3 * computeSeconds.sum() / batchImages.sum();
    }

    /** Images in a pass on average; NaN if unknown. */
    double meanBatch() {
        return batchImages == null || batchImages.count() == 0 ? Double.NaN : batchImages.mean();
    }

    /** Milliseconds that 99 of 100 requests waited at most: the upper end of the range of the service's histogram. NaN if unknown. */
    double queueP99Millis() {
        return queueSeconds == null || queueSeconds.count() == 0 ? Double.NaN : 1e3 * queueSeconds.quantile(0.99);
    }
}
