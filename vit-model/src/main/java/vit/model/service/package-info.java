/**
 * One model for many callers in one process: sessions, queue, deadlines, admission, batches, replacement, statistics.
 *
 * <h2>Where to begin</h2>
 * {@link vit.model.service.VitService#start} starts a service with some {@link vit.model.service.ServiceOptions}. Its callers use {@code classify},
 * {@code logits} and {@code embed}, or send a {@link vit.model.service.Request}, which can have a deadline of its own. A request that the
 * service refuses is a {@link vit.model.service.RequestRefusedException}. {@link vit.model.service.ServiceStatistics} says how it is doing.
 */
package vit.model.service;
