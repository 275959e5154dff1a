package vit.model;

import java.util.Objects;

/**
 * What a caller asks of {@link VitModel#load(java.nio.file.Path, java.nio.file.Path, LoadOptions)} beyond what the files say. Immutable; any number
 * of threads may share one.
 *
 * <!-- given: Path weights -->
 * <pre>{@code
 * VitModel model = VitModel.load(weights, null, LoadOptions.DEFAULTS.withImage(384, 384));
 * }</pre>
 *
 * @param imageHeight height of the model's input image, in pixels; 0 for the size that the files say
 * @param imageWidth  width of the model's input image, in pixels; 0 for the size that the files say
 * @param weights     how the model keeps its weights in memory
 */
public record LoadOptions(int imageHeight, int imageWidth, StoredAs weights) {

    /** The model as its files describe it, with weights in 32 bits. */
    public static final LoadOptions DEFAULTS = new LoadOptions(0, 0, StoredAs.FLOAT32);

    /**
     * Checks the sizes.
     *
     * @throws IllegalArgumentException if one side is negative, or one is 0 and the other is not
     */
    public LoadOptions {
        if (imageHeight < 0 || imageWidth < 0 || (imageHeight == 0) != (imageWidth == 0)) {
            throw new IllegalArgumentException("an image of " + imageHeight + "×" + imageWidth + " pixels");
        }
        Objects.requireNonNull(weights, "weights");
    }

    /**
     * The same options for images of this size. Learned position embeddings are resampled to its grid of patches, by the method
     * of the library that the weights come from ({@link vit.model.positions.PositionResampling}).
     *
     * @param height rows, a multiple of the model's patch
     * @param width  columns, a multiple of the model's patch
     * @throws IllegalArgumentException if a side is not positive
     */
    public LoadOptions withImage(int height, int width) {
        if (height < 1 || width < 1) {
            throw new IllegalArgumentException("an image of " + height + "×" + width + " pixels");
        }
        return new LoadOptions(height, width, weights);
    }

    /**
     * The same options for weights that are kept in this way.
     *
     * <!-- given: Path weights -->
     * <pre>{@code
     * VitModel half = VitModel.load(weights, null, LoadOptions.DEFAULTS.withWeights(StoredAs.AS_FILE));
     * }</pre>
     */
    public LoadOptions withWeights(StoredAs storedAs) {
        return new LoadOptions(imageHeight, imageWidth, storedAs);
    }

    /** Whether these options ask for an image size. */
    public boolean hasImage() {
        return imageHeight > 0;
    }
}
