/**
 * An open-loop load generator: requests start when they are due, whether or not earlier ones have been answered, and latency counts from that moment.
 * {@link vit.bench.load.VitLoad} is the program, {@link vit.bench.load.OpenLoop} the way of measuring, {@link vit.bench.load.Target} what is measured.
 */
package vit.bench.load;
