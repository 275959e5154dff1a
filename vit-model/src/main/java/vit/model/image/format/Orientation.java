package vit.model.image.format;

import vit.model.image.RgbImage;

/** Turns an image upright by EXIF's number, as Pillow's {@code ImageOps.exif_transpose} does. */
final class Orientation {

    private Orientation() {}

    /**
     * The image turned upright.
     *
     * @param orientation EXIF's number: 1 upright, 2 mirrored, 3 half a turn, 4 upside down, 5 to 8 the same with rows and columns
     *                    swapped
     */
    static RgbImage apply(RgbImage image, int orientation) {
        if (orientation == 1) {
            return image;
        }
        boolean swaps = orientation >= 5;
        // Where the upright image's rows and columns run backwards in the stored one.
        boolean backwardsX = orientation == 2 || orientation == 3 || orientation == 7 || orientation == 8;
        boolean backwardsY = orientation == 3 || orientation == 4 || orientation == 6 || orientation == 7;
        int height = swaps ? image.width() : image.height();
        int width = swaps ? image.height() : image.width();
        byte[] in = image.pixels();
        byte[] out = new byte[in.length];
        int at = 0;
        for (int y = 0; y < height; y++) {
            for (int x = 0; x < width; x++) {
                int storedY = swaps ? x : y;
                int storedX = swaps ? y : x;
                storedY = backwardsY ? image.height() - 1 - storedY : storedY;
                storedX = backwardsX ? image.width() - 1 - storedX : storedX;
                int from = (storedY * image.width() + storedX) * RgbImage.CHANNELS;
                out[at++] = in[from];
                out[at++] = in[from + 1];
                out[at++] = in[from + 2];
            }
        }
        return new RgbImage(image.source(), height, width, out);
    }
}
