package vit.model.micrometer;

import io.micrometer.core.instrument.FunctionCounter;
import io.micrometer.core.instrument.FunctionTimer;
import io.micrometer.core.instrument.Gauge;
import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.core.instrument.Tag;
import io.micrometer.core.instrument.Tags;
import io.micrometer.core.instrument.binder.BaseUnits;
import io.micrometer.core.instrument.binder.MeterBinder;
import java.math.BigDecimal;
import java.util.Arrays;
import java.util.Objects;
import java.util.concurrent.TimeUnit;
import java.util.function.Function;
import java.util.function.ToDoubleFunction;
import vit.model.service.Histogram;
import vit.model.service.RequestRefusedException.Reason;
import vit.model.service.ServiceStatistics;
import vit.model.service.VitService;

/**
 * Registers the statistics of a service with Micrometer.
 *
 * <!-- given: requires micrometer.core; import module micrometer.core; VitService service, MeterRegistry registry -->
 * <pre>{@code
 * new ServiceMetrics(service, Tags.of("model", "pets")).bindTo(registry);
 * }</pre>
 *
 * <table>
 * <caption>The meters</caption>
 * <tr><th>name</th><th>kind</th><th>what it is</th></tr>
 * <tr><td>{@code vit.requests}</td><td>counter, tag {@code outcome}</td><td>requests that have ended: {@code answered}, {@code failed}, {@code cancelled},
 *     {@code refused}</td></tr>
 * <tr><td>{@code vit.shed}</td><td>counter, tag {@code reason}</td><td>requests that were refused, by {@link Reason}</td></tr>
 * <tr><td>{@code vit.late}</td><td>counter</td><td>requests that were answered after their deadline</td></tr>
 * <tr><td>{@code vit.ready}</td><td>gauge</td><td>1 if requests are admitted, otherwise 0</td></tr>
 * <tr><td>{@code vit.queue.length}, {@code vit.queue.bytes}</td><td>gauges</td><td>what waits now</td></tr>
 * <tr><td>{@code vit.weight}</td><td>gauge, bytes</td><td>the weights of the current model</td></tr>
 * <tr><td>{@code vit.queue}, {@code vit.decode}, {@code vit.compute}</td><td>timers</td><td>number and total time of waits in the queue, of decodings, and of
 *     passes</td></tr>
 * <tr><td>{@code vit.batch.images}</td><td>counter</td><td>images of all passes</td></tr>
 * <tr><td>{@code vit.queue}, {@code vit.decode}, {@code vit.compute}, {@code vit.batch.images} and {@code vit.completion.ratio}, each followed by {@code .histogram}</td><td>counters, tag {@code le}</td><td>how many values were at most
 *     {@code le}, in seconds where they are times; up to {@code +Inf}</td></tr>
 * </table>
 *
 * The histograms' ranges are those of {@link ServiceStatistics}. Micrometer has no meter for values that were counted by range elsewhere; counters with the tag
 * {@code le} are what Prometheus' {@code histogram_quantile} takes.
 *
 * <p>Every meter reads {@link VitService#statistics} when it is asked, and requests do not wait for that. The registry holds the service weakly. Where
 * several services share a registry, each needs tags of its own. Immutable.
 */
@SuppressWarnings("exports") // the library is optional: users of this package require it, and no others
public final class ServiceMetrics implements MeterBinder {

    private final VitService service;
    private final Tags tags;

    /** Meters without tags of their own. */
    public ServiceMetrics(VitService service) {
        this(service, Tags.empty());
    }

    /** Meters that all have these tags. */
    public ServiceMetrics(VitService service, Iterable<Tag> tags) {
        this.service = Objects.requireNonNull(service, "service");
        this.tags = Tags.of(tags);
    }

    @Override
    public void bindTo(MeterRegistry registry) {
        counter(registry, "vit.requests", "Requests that have ended, by outcome", ServiceStatistics::answered, "outcome", "answered");
        counter(registry, "vit.requests", "Requests that have ended, by outcome", ServiceStatistics::failed, "outcome", "failed");
        counter(registry, "vit.requests", "Requests that have ended, by outcome", ServiceStatistics::cancelled, "outcome", "cancelled");
        counter(registry, "vit.requests", "Requests that have ended, by outcome", ServiceStatistics::refusedInAll, "outcome", "refused");
        for (Reason reason : Reason.values()) {
            counter(registry, "vit.shed", "Requests that were refused, by reason", statistics -> statistics.refused().get(reason), "reason", reason.name());
        }
        counter(registry, "vit.late", "Requests that were answered after their deadline", ServiceStatistics::late);
        counter(registry, "vit.batch.images", "Images of all passes", statistics -> statistics.batchImages().sum());

        gauge(registry, "vit.ready", null, "Whether requests are admitted", from -> from.isReady() ? 1 : 0);
        gauge(registry, "vit.queue.length", null, "Requests that wait now", from -> from.statistics().queueLength());
        gauge(registry, "vit.queue.bytes", BaseUnits.BYTES, "Bytes of the images that wait now", from -> from.statistics().queueBytes());
        gauge(registry, "vit.weight", BaseUnits.BYTES, "Bytes of the model's weights", from -> from.model().weightBytes());

        timer(registry, "vit.queue", "Time in the queue of every request that was computed", ServiceStatistics::queueSeconds);
        timer(registry, "vit.decode", "Time in which an image was decoded and preprocessed, its wait for a place included", ServiceStatistics::decodeSeconds);
        timer(registry, "vit.compute", "Time of every pass", ServiceStatistics::computeSeconds);
        histogram(registry, "vit.batch.images", "Passes of at most so many images", ServiceStatistics::batchImages);
        histogram(registry, "vit.completion.ratio", "Answers by time over predicted time", ServiceStatistics::completionRatio);
    }

    // The functions below are given the service by the registry and must not capture it.

    private void counter(MeterRegistry registry, String name, String description, ToDoubleFunction<ServiceStatistics> value, String... ownTags) {
        FunctionCounter.builder(name, service, from -> value.applyAsDouble(from.statistics())).description(description).tags(tags).tags(ownTags).register(registry);
    }

    private void gauge(MeterRegistry registry, String name, String unit, String description, ToDoubleFunction<VitService> value) {
        Gauge.builder(name, service, value).baseUnit(unit).description(description).tags(tags).register(registry);
    }

    private void timer(MeterRegistry registry, String name, String description, Function<ServiceStatistics, Histogram> histogram) {
        FunctionTimer.builder(name, service, from -> histogram.apply(from.statistics()).count(), from -> histogram.apply(from.statistics()).sum(), TimeUnit.SECONDS)
                .description(description).tags(tags).register(registry);
        histogram(registry, name, description, histogram);
    }

    private void histogram(MeterRegistry registry, String name, String description, Function<ServiceStatistics, Histogram> histogram) {
        double[] bounds = histogram.apply(service.statistics()).bounds();
        for (int i = 0; i <= bounds.length; i++) {
            int last = i;
            String bound = i == bounds.length ? "+Inf" : BigDecimal.valueOf(bounds[i]).stripTrailingZeros().toPlainString();
            counter(registry, name + ".histogram", description, statistics -> upTo(histogram.apply(statistics), last), "le", bound);
        }
    }

    private static double upTo(Histogram histogram, int last) {
        return Arrays.stream(histogram.counts()).limit(last + 1L).sum();
    }
}
