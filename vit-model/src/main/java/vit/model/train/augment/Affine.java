package vit.model.train.augment;

import vit.model.image.RgbImage;

/**
 * An affine map from positions in a new image to positions in an old one, both in pixels from the image's centre:
 *
 * <pre>
 *   x = xx·u + xy·v + x0
 *   y = yx·u + yy·v + y0
 * </pre>
 *
 * Immutable.
 */
record Affine(double xx, double xy, double x0, double yx, double yy, double y0) {

    static final Affine IDENTITY = new Affine(1, 0, 0, 0, 1, 0);

    /** Rotates the image by {@code degrees}, counter-clockwise as it is seen. */
    static Affine rotation(double degrees) {
        double sine = StrictMath.sin(StrictMath.toRadians(degrees));
        double cosine = StrictMath.cos(StrictMath.toRadians(degrees));
        return new Affine(cosine, -sine, 0, sine, cosine, 0);
    }

    /** Shifts the image by this many pixels to the right and down. */
    static Affine shift(double right, double down) {
        return new Affine(1, 0, -right, 0, 1, -down);
    }

    /** Makes the image {@code factor} times as large. */
    static Affine scale(double factor) {
        return new Affine(1 / factor, 0, 0, 0, 1 / factor, 0);
    }

    /** Shears the image: rows by {@code alongX} of their distance from the centre, columns by {@code alongY}. */
    static Affine shear(double alongX, double alongY) {
        return new Affine(1, alongX, 0, alongY, 1, 0);
    }

    /** The composition u ↦ this(next(u)): the map of the image that {@code next} makes of this map's image. */
    Affine after(Affine next) {
        return new Affine(xx * next.xx + xy * next.yx, xx * next.xy + xy * next.yy, xx * next.x0 + xy * next.y0 + x0,
                yx * next.xx + yy * next.yx, yx * next.xy + yy * next.yy, yx * next.x0 + yy * next.y0 + y0);
    }

    /** The image under this map: bilinear, edges repeated, of the same size. */
    RgbImage apply(RgbImage image) {
        int height = image.height();
        int width = image.width();
        byte[] in = image.pixels();
        byte[] out = new byte[in.length];
        double centreX = (width - 1) / 2.0;
        double centreY = (height - 1) / 2.0;
        int at = 0;
        for (int v = 0; v < height; v++) {
            for (int u = 0; u < width; u++) {
                double x = Math.clamp(xx * (u - centreX) + xy * (v - centreY) + x0 + centreX, 0, width - 1.0);
                double y = Math.clamp(yx * (u - centreX) + yy * (v - centreY) + y0 + centreY, 0, height - 1.0);
                int left = (int) x;
                int top = (int) y;
                double right = x - left;
                double down = y - top;
                int pixel = (top * width + left) * RgbImage.CHANNELS;
                int stepX = left + 1 < width ? RgbImage.CHANNELS : 0;
                int stepY = top + 1 < height ? width * RgbImage.CHANNELS : 0;
                for (int c = 0; c < RgbImage.CHANNELS; c++) {
                    double upper = (in[pixel + c] & 0xFF) * (1 - right) + (in[pixel + stepX + c] & 0xFF) * right;
                    double lower = (in[pixel + stepY + c] & 0xFF) * (1 - right) + (in[pixel + stepY + stepX + c] & 0xFF) * right;
                    out[at++] = (byte) (int) (upper * (1 - down) + lower * down + 0.5);
                }
            }
        }
        return new RgbImage(image.source(), height, width, out);
    }
}
