package vit.model.image.format;

import vit.model.image.RgbImage;

/** How a JPEG's components encode a colour: by libjpeg's rules and integer arithmetic (jdapimin.c, jdcolor.c), and by Pillow's for CMYK. */
enum JpegColour {
    GREY {
        @Override
        void toRgb(int[] samples, int at, byte[] rgb, int out) {
            RasterPixels.grey(samples[at], rgb, out);
        }
    },
    RGB {
        @Override
        void toRgb(int[] samples, int at, byte[] rgb, int out) {
            rgb[out] = (byte) samples[at];
            rgb[out + 1] = (byte) samples[at + 1];
            rgb[out + 2] = (byte) samples[at + 2];
        }
    },
    YCC {
        @Override
        void toRgb(int[] samples, int at, byte[] rgb, int out) {
            int y = samples[at];
            int cb = samples[at + 1] - 128;
            int cr = samples[at + 2] - 128;
            rgb[out] = clip(y + (RED_CR * cr + HALF >> 16));
            rgb[out + 1] = clip(y + (-GREEN_CB * cb - GREEN_CR * cr + HALF >> 16));
            rgb[out + 2] = clip(y + (BLUE_CB * cb + HALF >> 16));
        }
    },
    /** Stored inverted: 255 is no ink. Pillow reads every four-component JPEG in this way, because Adobe writes them so. */
    CMYK {
        @Override
        void toRgb(int[] samples, int at, byte[] rgb, int out) {
            for (int c = 0; c < RgbImage.CHANNELS; c++) {
                rgb[out + c] = ink(samples[at + c], samples[at + 3]);
            }
        }
    },
    /** Y, Cb, Cr of the inverted inks, and black. */
    YCCK {
        @Override
        void toRgb(int[] samples, int at, byte[] rgb, int out) {
            YCC.toRgb(samples, at, rgb, out);
            for (int c = 0; c < RgbImage.CHANNELS; c++) {
                // libjpeg writes the ink 255 − R; Pillow inverts all four components
                rgb[out + c] = ink(255 - (rgb[out + c] & 0xFF), samples[at + 3]);
            }
        }
    };

    private static final int HALF = 1 << 15;
    private static final int RED_CR = 91881; // 1.40200 · 2¹⁶
    private static final int GREEN_CB = 22554; // 0.34414 · 2¹⁶
    private static final int GREEN_CR = 46802; // 0.71414 · 2¹⁶
    private static final int BLUE_CB = 116130; // 1.77200 · 2¹⁶

    /** The encoding of a file (libjpeg's default_decompress_parms). */
    static JpegColour of(int[] componentIds, boolean jfif, int adobeTransform) {
        return switch (componentIds.length) {
            case 1 -> GREY;
            case 3 -> {
                boolean lettered = componentIds[0] == 'R' && componentIds[1] == 'G' && componentIds[2] == 'B';
                boolean rgb = !jfif && (adobeTransform == 0 || adobeTransform < 0 && lettered);
                yield rgb ? RGB : YCC;
            }
            default -> adobeTransform <= 0 ? CMYK : YCCK;
        };
    }

    /**
     * Converts one pixel.
     *
     * @param samples the components, from {@code at} on
     * @param rgb     receives red, green, blue from {@code out} on
     */
    abstract void toRgb(int[] samples, int at, byte[] rgb, int out);

    /**
     * Converts one pixel of inks that are stored as such (0 is no ink), as TIFF stores them.
     *
     * @param down bits to drop from each sample
     */
    static void inks(int[] samples, int at, int down, byte[] rgb, int out) {
        int black = 255 - (samples[at + 3] >> down);
        for (int c = 0; c < RgbImage.CHANNELS; c++) {
            rgb[out + c] = ink(255 - (samples[at + c] >> down), black);
        }
    }

    private static byte clip(int value) {
        return (byte) Math.clamp(value, 0, 255);
    }

    /**
     * The part of white that a stored component leaves. Pillow inverts both ("CMYK;I"), then computes {@code nk − MULDIV255(c, nk)} with {@code nk =
     * 255 − k}, which is the stored black.
     */
    private static byte ink(int storedInk, int storedBlack) {
        int product = (255 - storedInk) * storedBlack + 128;
        return clip(storedBlack - ((product >> 8) + product >> 8));
    }
}
