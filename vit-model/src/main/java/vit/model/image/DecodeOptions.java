package vit.model.image;

/**
 * Bounds and choices for {@link ImageDecoder}.
 *
 * @param maxFileBytes     largest file
 * @param maxPixels        most pixels, as the header claims them
 * @param applyOrientation whether an EXIF orientation turns the image, as viewers do
 * @param scaleGrey16      whether 16-bit grey is scaled to 8 bits; otherwise everything above 255 becomes white, as in Pillow's
 *                         {@code convert("RGB")}
 */
public record DecodeOptions(long maxFileBytes, long maxPixels, boolean applyOrientation, boolean scaleGrey16) {

    /** 256 MiB, 100 million pixels (300 MB of RGB), turned as EXIF says, 16-bit grey as Pillow. */
    public static final DecodeOptions DEFAULT = new DecodeOptions(256L << 20, 100_000_000, true, false);

    /** Longest side in any format: JPEG's own limit, and GIF's. */
    static final int MAX_SIDE = 65_535;

    public DecodeOptions {
        if (maxFileBytes < 1 || maxFileBytes > Integer.MAX_VALUE - 16) {
            throw new IllegalArgumentException("maxFileBytes " + maxFileBytes + " is not in 1 … " + (Integer.MAX_VALUE - 16));
        }
        if (maxPixels < 1 || maxPixels > Integer.MAX_VALUE / RgbImage.CHANNELS) {
            throw new IllegalArgumentException("maxPixels " + maxPixels + " is not in 1 … " + Integer.MAX_VALUE / RgbImage.CHANNELS);
        }
    }

    public DecodeOptions withMaxFileBytes(long value) {
        return new DecodeOptions(value, maxPixels, applyOrientation, scaleGrey16);
    }

    public DecodeOptions withMaxPixels(long value) {
        return new DecodeOptions(maxFileBytes, value, applyOrientation, scaleGrey16);
    }

    public DecodeOptions withApplyOrientation(boolean value) {
        return new DecodeOptions(maxFileBytes, maxPixels, value, scaleGrey16);
    }

    public DecodeOptions withScaleGrey16(boolean value) {
        return new DecodeOptions(maxFileBytes, maxPixels, applyOrientation, value);
    }
}
