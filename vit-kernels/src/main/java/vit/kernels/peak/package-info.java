/**
 * The limits of the machine, measured. Benchmarks divide their figures by them.
 *
 * <p>{@link vit.kernels.peak.FmaPeak#measure} measures the arithmetic limit of a team, {@link vit.kernels.peak.MemoryBandwidth#measure} its memory
 * bandwidth.
 */
package vit.kernels.peak;
