package vit.model;

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
 */
public record LoadOptions(int imageHeight, int imageWidth) {

    /** The model as its files describe it. */
    public static final LoadOptions DEFAULTS = new LoadOptions(0, 0);

    /**
     * Checks the sizes.
     *
     * @throws IllegalArgumentException if one side is negative, or one is 0 and the other is not
     */
    public LoadOptions {
        if (imageHeight < 0 || imageWidth < 0 || (imageHeight == 0) != (imageWidth == 0)) {
            throw new IllegalArgumentException("an image of " + imageHeight + "×" + imageWidth + " pixels");
        }
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
        return new LoadOptions(height, width);
    }

    /** Whether these options ask for an image size. */
    public boolean hasImage() {
        return imageHeight > 0;
    }
}
