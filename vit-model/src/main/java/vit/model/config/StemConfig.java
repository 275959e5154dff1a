package vit.model.config;

import java.io.Serializable;
import java.util.List;
import java.util.Objects;
import vit.kernels.patchembed.PatchOrder;

/**
 * How an image becomes patch tokens. A plain stem cuts the image into patches; a hybrid's cuts the feature map of a convolutional network.
 *
 * @param imageHeight height of the image in pixels, at least one patch; rows beyond the last whole patch are not seen (SigLIP's 384 pixels and patch 14)
 * @param imageWidth  width of the image in pixels, likewise
 * @param channels    input channels
 * @param patch       side of the square patches, in pixels of the image, or of the feature map if there is a backbone
 * @param patchOrder  order of the elements inside a flattened patch
 * @param patchBias   whether the patch projection has a bias
 * @param patchNorm   whether there is a LayerNorm before and another after the patch projection (vit-pytorch)
 * @param backbone    the convolutional network between the image and the patches; null for none
 */
public record StemConfig(int imageHeight, int imageWidth, int channels, int patch, PatchOrder patchOrder, boolean patchBias, boolean patchNorm,
        BackboneConfig backbone) implements Serializable {

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
        int height = backbone == null ? imageHeight : backbone.side(imageHeight);
        int width = backbone == null ? imageWidth : backbone.side(imageWidth);
        Dimensions.require(height >= patch && width >= patch, (backbone == null ? "image " : "feature map ") + height + "×" + width + " is smaller than the patch " + patch);
        if (backbone != null) {
            Dimensions.require(height % patch == 0 && width % patch == 0, "patches of " + patch + " do not divide a feature map of " + height + "×" + width);
            Dimensions.require(!patchNorm && patchOrder == PatchOrder.CHANNEL_FIRST, "a backbone has neither a patch norm nor patches with channels last");
        }
    }

    /** The side of the square that a patch covers in the image, in pixels: {@code patch}, times the stride of the backbone if there is one. */
    public int patchPixels() {
        return backbone == null ? patch : patch * backbone.stride();
    }

    /** Patches along a side of {@code pixels} pixels. */
    public int patchesAlong(int pixels) {
        return (backbone == null ? pixels : backbone.side(pixels)) / patch;
    }

    /** Whether whole patches cover an image of this size. A backbone pads, so that they cover any image. */
    public boolean covers(int height, int width) {
        return backbone != null || height % patch == 0 && width % patch == 0;
    }

    /** Channels of what is cut into patches: the image's, or the backbone's. */
    public int patchChannels() {
        return backbone == null ? channels : backbone.outputs();
    }

    /** The convolutions of the backbone, with the sizes that they have for this image; none without a backbone. */
    public List<BackboneConfig.Convolution> convolutions() {
        return backbone == null ? List.of() : backbone.convolutions(channels, imageHeight, imageWidth);
    }

    /** Patches in a column of the image. */
    public int gridHeight() {
        return patchesAlong(imageHeight);
    }

    /** Patches in a row of the image. */
    public int gridWidth() {
        return patchesAlong(imageWidth);
    }

    /** Patches in the image. */
    public int patches() {
        return gridHeight() * gridWidth();
    }

    /** Elements of a flattened patch. */
    public int patchElements() {
        return patch * patch * patchChannels();
    }
}
