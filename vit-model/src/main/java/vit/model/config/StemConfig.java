package vit.model.config;

import java.util.Objects;
import vit.kernels.patchembed.PatchOrder;

/**
 * How an image becomes patch tokens.
 *
 * @param imageHeight height of the image in pixels, at least {@code patch}; rows beyond its last multiple are not seen (SigLIP's 384 pixels and patch 14)
 * @param imageWidth  width of the image in pixels, likewise
 * @param channels    input channels
 * @param patch       side of the square patches, in pixels
 * @param patchOrder  order of the elements inside a flattened patch
 * @param patchBias   whether the patch projection has a bias
 * @param patchNorm   whether there is a LayerNorm before and another after the patch projection (vit-pytorch)
 */
public record StemConfig(int imageHeight, int imageWidth, int channels, int patch, PatchOrder patchOrder, boolean patchBias, boolean patchNorm) {

    /**
     * Checks the values.
     *
     * @throws IllegalArgumentException if a size is below 1 or too large, or the image is smaller than the patch
     */
    public StemConfig {
        Objects.requireNonNull(patchOrder, "patchOrder");
        Dimensions.check("image height", imageHeight, 1);
        Dimensions.check("image width", imageWidth, 1);
        Dimensions.check("patch", patch, 1);
        Dimensions.check("channels", channels, 1);
        Dimensions.require(imageHeight >= patch && imageWidth >= patch, "image " + imageHeight + "×" + imageWidth + " is smaller than the patch " + patch);
    }

    /** Patches in a column of the image. */
    public int gridHeight() {
        return imageHeight / patch;
    }

    /** Patches in a row of the image. */
    public int gridWidth() {
        return imageWidth / patch;
    }

    /** Patches in the image. */
    public int patches() {
        return gridHeight() * gridWidth();
    }

    /** Elements of a flattened patch. */
    public int patchElements() {
        return patch * patch * channels;
    }
}
