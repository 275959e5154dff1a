package vit.model.image.format;

import java.awt.image.DataBufferByte;
import java.awt.image.PixelInterleavedSampleModel;
import java.awt.image.Raster;
import vit.model.image.RgbImage;

/** Takes samples out of a raster as they are stored, without any colour model. */
final class RasterPixels {

    /** Converts the samples of one pixel, from {@code at} on, to red, green, blue from {@code out} on. */
    @FunctionalInterface
    interface Conversion {
        void toRgb(int[] samples, int at, byte[] rgb, int out);
    }

    private RasterPixels() {}

    /**
     * Samples that are red, green and blue already; further ones, such as alpha, are dropped.
     *
     * @param down bits to drop from each sample
     */
    static Conversion rgb(int down) {
        return (samples, at, rgb, out) -> {
            rgb[out] = (byte) (samples[at] >> down);
            rgb[out + 1] = (byte) (samples[at + 1] >> down);
            rgb[out + 2] = (byte) (samples[at + 2] >> down);
        };
    }

    /**
     * The first sample of each pixel as grey; further ones, such as alpha, are dropped.
     *
     * @param down bits to drop from each sample
     */
    static Conversion grey(int down) {
        return (samples, at, rgb, out) -> grey(samples[at] >> down, rgb, out);
    }

    /** Writes one grey pixel. */
    static void grey(int value, byte[] rgb, int out) {
        rgb[out] = (byte) value;
        rgb[out + 1] = (byte) value;
        rgb[out + 2] = (byte) value;
    }

    /**
     * Samples as indices into a palette. An index beyond the palette's end becomes the grey of that value, because Pillow's palettes begin as a grey
     * ramp.
     *
     * @param colours red, green, blue of each entry
     */
    static Conversion palette(byte[] colours) {
        return (samples, at, rgb, out) -> {
            int colour = samples[at] * RgbImage.CHANNELS;
            if (colour >= colours.length) {
                grey(samples[at], rgb, out);
                return;
            }
            rgb[out] = colours[colour];
            rgb[out + 1] = colours[colour + 1];
            rgb[out + 2] = colours[colour + 2];
        };
    }

    /** The raster as an image, pixel by pixel through {@code conversion}. */
    static RgbImage rgb(String source, Raster raster, Conversion conversion) {
        int height = raster.getHeight();
        int width = raster.getWidth();
        byte[] own = threeBytesAPixel(raster);
        byte[] rgb = own != null ? own : new byte[Math.multiplyExact(Math.multiplyExact(height, width), RgbImage.CHANNELS)];
        put(raster, conversion, rgb, 0, width);
        return new RgbImage(source, height, width, rgb);
    }

    /**
     * The raster's own array if it is laid out like that of an {@link RgbImage}, otherwise null. Each row is then converted in place, which halves
     * the memory.
     */
    private static byte[] threeBytesAPixel(Raster raster) {
        boolean fits = raster.getSampleModel() instanceof PixelInterleavedSampleModel model && raster.getNumBands() == RgbImage.CHANNELS
                && model.getPixelStride() == RgbImage.CHANNELS && model.getScanlineStride() == RgbImage.CHANNELS * raster.getWidth()
                && raster.getSampleModelTranslateX() == raster.getMinX() && raster.getSampleModelTranslateY() == raster.getMinY();
        return fits && raster.getDataBuffer() instanceof DataBufferByte bytes && bytes.getNumBanks() == 1 && bytes.getOffset() == 0
                && bytes.getData().length == raster.getHeight() * raster.getWidth() * RgbImage.CHANNELS ? bytes.getData() : null;
    }

    /**
     * Writes the raster into part of an image of {@code stride} pixels a row.
     *
     * @param rgb   (height, stride, 3)
     * @param first the pixel of {@code rgb} where the raster's first one goes
     */
    static void put(Raster raster, Conversion conversion, byte[] rgb, int first, int stride) {
        int bands = raster.getNumBands();
        int[] row = new int[raster.getWidth() * bands];
        for (int y = 0; y < raster.getHeight(); y++) {
            raster.getPixels(raster.getMinX(), raster.getMinY() + y, raster.getWidth(), 1, row);
            int out = (first + y * stride) * RgbImage.CHANNELS;
            for (int at = 0; at < row.length; at += bands) {
                conversion.toRgb(row, at, rgb, out);
                out += RgbImage.CHANNELS;
            }
        }
    }
}
