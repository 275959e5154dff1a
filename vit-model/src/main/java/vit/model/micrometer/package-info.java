/**
 * The statistics of a service as meters of Micrometer: {@link vit.model.micrometer.ServiceMetrics}. A program that uses this package depends on
 * {@code io.micrometer:micrometer-core}, version 1.17 or newer, itself; nothing else in this library needs it.
 */
package vit.model.micrometer;
