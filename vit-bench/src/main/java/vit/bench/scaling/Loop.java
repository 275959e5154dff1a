package vit.bench.scaling;

import java.util.Arrays;

/**
 * A loop that the team divides, as counted from the sources of the kernels.
 *
 * @param kernel      what an item computes
 * @param claimed     whether workers claim items and steal those of others; otherwise each has a fixed share
 * @param units       the work of each item, in the kernel's unit
 * @param flops       the floating-point operations of each item that {@link vit.model.config.ForwardCost} counts
 * @param weightBytes the weights that each item reads
 * @param group       neighbouring items that need the same preparation
 * @param preparation the work of the preparation, which a worker does whenever its next item is of another group; in the kernel's unit
 * @param memoryBytes the weights of all items, each counted once
 */
record Loop(Kernel kernel, boolean claimed, double[] units, double[] flops, double[] weightBytes, int group, double preparation, double memoryBytes) {

    /** A loop of equal items in fixed shares, without weights. */
    static Loop fixed(Kernel kernel, int items, double unitsEach) {
        double[] units = new double[items];
        Arrays.fill(units, unitsEach);
        return new Loop(kernel, false, units, new double[items], new double[items], 1, 0, 0);
    }
}
