package vit.model.forward;

import vit.kernels.groupnorm.GroupNorm;
import vit.model.config.BackboneConfig.Convolution;
import vit.model.config.StemConfig;

/**
 * The largest of what the steps of a backbone need memory for. The steps take turns in memory of these sizes.
 *
 * @param map     elements of a feature map
 * @param windows elements of the windows of a convolution
 * @param scratch floats of a GroupNorm's scratch memory
 */
public record BackboneSizes(int map, int windows, int scratch) {

    /**
     * The sizes for {@code batch} images.
     *
     * @throws ArithmeticException if one is more than an int can hold
     */
    public static BackboneSizes of(StemConfig stem, int batch) {
        int map = 1;
        int windows = 1;
        int scratch = 1;
        for (Convolution c : stem.convolutions()) {
            int inputs = Math.multiplyExact(batch, c.height() * c.width());
            int outputs = Math.multiplyExact(batch, c.pixels());
            map = Math.max(map, Math.max(Math.multiplyExact(inputs, c.inputs()), Math.multiplyExact(outputs, c.outputs())));
            windows = Math.max(windows, Math.multiplyExact(outputs, c.window()));
            scratch = Math.max(scratch, GroupNorm.scratch(c.outputs(), batch, c.pixels()));
        }
        return new BackboneSizes(map, windows, scratch);
    }
}
