package vit.model.service;

import java.util.Collections;
import java.util.EnumMap;
import java.util.Map;
import vit.model.service.RequestRefusedException.Reason;

/**
 * What a service has done since it was started, and what waits now. {@link VitService#statistics} reads it at any moment without holding up a request. The
 * numbers are read one after another, so those of requests that end meanwhile may differ by a few.
 *
 * <p>Every request that is called or submitted is counted once it has ended: as answered, as failed, as cancelled, or as refused with its reason. An
 * argument that is wrong is not counted.
 *
 * @param answered          requests with a result, {@code late} ones included, and those whose future was cancelled during their pass
 * @param late              answered after the deadline, because computing took longer than predicted
 * @param failed            requests whose own image was at fault: not an image, or a result that is not finite; and those of a model that was closed
 * @param cancelled         requests whose future was cancelled, or whose caller was interrupted, while they waited
 * @param refused           requests that were refused, by reason; every reason is a key
 * @param queueLength       requests that wait now
 * @param queueBytes        bytes of the pixel arrays that wait now
 * @param queueSeconds      time in the queue of every request that was computed
 * @param decodeSeconds     time in which the images of requests were decoded and preprocessed, the waiting for it included
 * @param computeSeconds    time of every pass of a session
 * @param batchImages       images of every pass
 * @param completionRatio   time from admission to answer over the time that admission predicted, of every answered request: near 1 if the prediction is right
 */
public record ServiceStatistics(long answered, long late, long failed, long cancelled, Map<Reason, Long> refused, int queueLength, long queueBytes,
        Histogram queueSeconds, Histogram decodeSeconds, Histogram computeSeconds, Histogram batchImages, Histogram completionRatio) {

    /** Copies the map. */
    public ServiceStatistics {
        refused = Collections.unmodifiableMap(new EnumMap<>(refused));
    }

    /** Requests that were refused for any reason. */
    public long refusedInAll() {
        return refused.values().stream().mapToLong(Long::longValue).sum();
    }
}
