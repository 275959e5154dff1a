package vit.model.image.format;

import vit.model.image.RgbImage;

/**
 * Bounds and choices for {@link ImageDecoder}. Time and memory are estimated from an image's headers before its pixels are decoded, and an image whose
 * estimate is above a bound is refused with the estimate and the method that raises the bound.
 *
 * @param maxFileBytes     largest file
 * @param maxPixels        most pixels, as the header claims them
 * @param applyOrientation whether an EXIF orientation turns the image, as viewers do
 * @param scaleGrey16      whether 16-bit grey is scaled to 8 bits; otherwise everything above 255 becomes white, as in Pillow's
 *                         {@code convert("RGB")}
 * @param maxMemoryBytes   most memory that decoding may take at its peak, the file itself not counted
 * @param maxMilliseconds  longest decoding time of one core, by estimate; an image may take twice the time of an ordinary one of its format and size
 *                         where that is more, so that large photos pass
 */
public record DecodeOptions(long maxFileBytes, long maxPixels, boolean applyOrientation, boolean scaleGrey16, long maxMemoryBytes, long maxMilliseconds) {

    /**
     * A file of 256 MiB, or of a third of the heap (-Xmx) if that is less, because a stream is read whole and copied once; 100 million pixels (300 MB of RGB),
     * turned as EXIF says, 16-bit grey as Pillow, half of the heap, two seconds.
     */
    public static final DecodeOptions DEFAULT =
            new DecodeOptions(Math.min(256L << 20, Runtime.getRuntime().maxMemory() / 3), 100_000_000, true, false, Runtime.getRuntime().maxMemory() / 2, 2000);

    /** Longest side in any format: JPEG's own limit, and GIF's. */
    static final int MAX_SIDE = 65_535;

    public DecodeOptions {
        if (maxFileBytes < 1 || maxFileBytes > Integer.MAX_VALUE - 16) {
            throw new IllegalArgumentException("maxFileBytes " + maxFileBytes + " is not in 1 … " + (Integer.MAX_VALUE - 16));
        }
        if (maxPixels < 1 || maxPixels > Integer.MAX_VALUE / RgbImage.CHANNELS) {
            throw new IllegalArgumentException("maxPixels " + maxPixels + " is not in 1 … " + Integer.MAX_VALUE / RgbImage.CHANNELS);
        }
        if (maxMemoryBytes < 1 || maxMilliseconds < 1) {
            throw new IllegalArgumentException("maxMemoryBytes " + maxMemoryBytes + " and maxMilliseconds " + maxMilliseconds + " must be at least 1");
        }
    }

    /** These options with another bound on the bytes of a file. */
    public DecodeOptions withMaxFileBytes(long value) {
        return new DecodeOptions(value, maxPixels, applyOrientation, scaleGrey16, maxMemoryBytes, maxMilliseconds);
    }

    /** These options with another bound on the pixels that a header claims. */
    public DecodeOptions withMaxPixels(long value) {
        return new DecodeOptions(maxFileBytes, value, applyOrientation, scaleGrey16, maxMemoryBytes, maxMilliseconds);
    }

    /** These options, with or without turning images as their EXIF orientation says. */
    public DecodeOptions withApplyOrientation(boolean value) {
        return new DecodeOptions(maxFileBytes, maxPixels, value, scaleGrey16, maxMemoryBytes, maxMilliseconds);
    }

    /** These options, with 16-bit grey scaled to 8 bits or clipped at 255 as in Pillow. */
    public DecodeOptions withScaleGrey16(boolean value) {
        return new DecodeOptions(maxFileBytes, maxPixels, applyOrientation, value, maxMemoryBytes, maxMilliseconds);
    }

    /** These options with another bound on the memory that decoding takes at its peak, in bytes. */
    public DecodeOptions withMaxMemoryBytes(long value) {
        return new DecodeOptions(maxFileBytes, maxPixels, applyOrientation, scaleGrey16, value, maxMilliseconds);
    }

    /** These options with another bound on the estimated decoding time, in milliseconds of one core. */
    public DecodeOptions withMaxMilliseconds(long value) {
        return new DecodeOptions(maxFileBytes, maxPixels, applyOrientation, scaleGrey16, maxMemoryBytes, value);
    }
}
