package vit.model.image.format;

import java.io.IOException;
import vit.model.image.RgbImage;

/** An image file whose headers have been read and found sound; its pixels have not been decoded. */
interface EncodedImage {

    /** Rows that the header claims. */
    long height();

    /** Columns that the header claims. */
    long width();

    /** The memory and time that decoding takes. Called only if sides and pixels are within their bounds. */
    DecodeCost cost();

    /** Most pixels that a file of this many bytes can hold in this format. */
    long mostPixels();

    /** How the image is to be turned: EXIF's number, 1 … 8. By default 1, as it is, for formats that carry no such number. */
    default int orientation() {
        return 1;
    }

    /**
     * Decodes the pixels, without turning them.
     *
     * @throws IOException      if the data is damaged
     * @throws RuntimeException from an ImageIO plug-in, if the data is damaged
     */
    RgbImage decode(DecodeOptions options) throws IOException;
}
