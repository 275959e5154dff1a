package vit.model.train.augment;

import java.util.List;
import vit.model.image.RgbImage;

/**
 * The operations of RandAugment (Cubuk et al. 2020) in timm's "increasing" form: a higher magnitude always changes more. Magnitudes
 * are 0 to 10. Colour operations are Pillow's.
 */
enum ImageOperation {
    AUTO_CONTRAST {
        @Override
        RgbImage apply(RgbImage image, double magnitude, CounterRandom random) {
            int[][] tables = new int[RgbImage.CHANNELS][256];
            for (int c = 0; c < RgbImage.CHANNELS; c++) {
                int[] histogram = histogram(image, c);
                int low = 0;
                int high = 255;
                while (low < 255 && histogram[low] == 0) {
                    low++;
                }
                while (high > 0 && histogram[high] == 0) {
                    high--;
                }
                for (int i = 0; i < 256; i++) {
                    tables[c][i] = high <= low ? i : Math.clamp((int) ((i - low) * 255.0 / (high - low)), 0, 255);
                }
            }
            return map(image, tables);
        }
    },
    EQUALIZE {
        @Override
        RgbImage apply(RgbImage image, double magnitude, CounterRandom random) {
            int[][] tables = new int[RgbImage.CHANNELS][256];
            for (int c = 0; c < RgbImage.CHANNELS; c++) {
                int[] histogram = histogram(image, c);
                int last = 255;
                while (histogram[last] == 0) {
                    last--;
                }
                int step = (image.height() * image.width() - histogram[last]) / 255;
                int sum = step / 2;
                for (int i = 0; i < 256; i++) {
                    tables[c][i] = step == 0 ? i : Math.min(255, sum / step);
                    sum += histogram[i];
                }
            }
            return map(image, tables);
        }
    },
    INVERT {
        @Override
        RgbImage apply(RgbImage image, double magnitude, CounterRandom random) {
            return map(image, i -> 255 - i);
        }
    },
    ROTATE {
        @Override
        RgbImage apply(RgbImage image, double magnitude, CounterRandom random) {
            return Affine.rotation(random.sign() * magnitude / MAX * 30).apply(image);
        }
    },
    POSTERIZE {
        @Override
        RgbImage apply(RgbImage image, double magnitude, CounterRandom random) {
            int bits = 4 - (int) (magnitude / MAX * 4);
            return map(image, i -> bits >= 8 ? i : i & ~((1 << 8 - bits) - 1));
        }
    },
    SOLARIZE {
        @Override
        RgbImage apply(RgbImage image, double magnitude, CounterRandom random) {
            int threshold = 256 - (int) (magnitude / MAX * 256);
            return map(image, i -> i < threshold ? i : 255 - i);
        }
    },
    SOLARIZE_ADD {
        @Override
        RgbImage apply(RgbImage image, double magnitude, CounterRandom random) {
            int more = (int) (magnitude / MAX * 110);
            return map(image, i -> i < 128 ? Math.min(255, i + more) : i);
        }
    },
    COLOUR {
        @Override
        RgbImage apply(RgbImage image, double magnitude, CounterRandom random) {
            double factor = enhancement(magnitude, random);
            byte[] in = image.pixels();
            byte[] out = new byte[in.length];
            for (int i = 0; i < in.length; i += RgbImage.CHANNELS) {
                int grey = luma(in, i);
                for (int c = 0; c < RgbImage.CHANNELS; c++) {
                    out[i + c] = blend(grey, in[i + c] & 0xFF, factor);
                }
            }
            return new RgbImage(image.source(), image.height(), image.width(), out);
        }
    },
    CONTRAST {
        @Override
        RgbImage apply(RgbImage image, double magnitude, CounterRandom random) {
            double factor = enhancement(magnitude, random);
            byte[] in = image.pixels();
            long sum = 0;
            for (int i = 0; i < in.length; i += RgbImage.CHANNELS) {
                sum += luma(in, i);
            }
            int mean = (int) ((double) sum / (image.height() * image.width()) + 0.5);
            return map(image, i -> blend(mean, i, factor) & 0xFF);
        }
    },
    BRIGHTNESS {
        @Override
        RgbImage apply(RgbImage image, double magnitude, CounterRandom random) {
            double factor = enhancement(magnitude, random);
            return map(image, i -> blend(0, i, factor) & 0xFF);
        }
    },
    SHARPNESS {
        @Override
        RgbImage apply(RgbImage image, double magnitude, CounterRandom random) {
            double factor = enhancement(magnitude, random);
            int height = image.height();
            int width = image.width();
            byte[] in = image.pixels();
            byte[] out = in.clone(); // the border stays
            int row = width * RgbImage.CHANNELS;
            for (int y = 1; y < height - 1; y++) {
                for (int x = RgbImage.CHANNELS; x < row - RgbImage.CHANNELS; x++) {
                    int at = y * row + x;
                    int sum = 4 * (in[at] & 0xFF);
                    for (int dy = -row; dy <= row; dy += row) {
                        for (int dx = -RgbImage.CHANNELS; dx <= RgbImage.CHANNELS; dx += RgbImage.CHANNELS) {
                            sum += in[at + dy + dx] & 0xFF;
                        }
                    }
                    out[at] = blend((int) (sum / 13.0 + 0.5), in[at] & 0xFF, factor); // Pillow's SMOOTH: centre 5, neighbours 1
                }
            }
            return new RgbImage(image.source(), height, width, out);
        }
    },
    SHEAR_X {
        @Override
        RgbImage apply(RgbImage image, double magnitude, CounterRandom random) {
            return Affine.shear(random.sign() * magnitude / MAX * 0.3, 0).apply(image);
        }
    },
    SHEAR_Y {
        @Override
        RgbImage apply(RgbImage image, double magnitude, CounterRandom random) {
            return Affine.shear(0, random.sign() * magnitude / MAX * 0.3).apply(image);
        }
    },
    TRANSLATE_X {
        @Override
        RgbImage apply(RgbImage image, double magnitude, CounterRandom random) {
            return Affine.shift(random.sign() * magnitude / MAX * 0.45 * image.width(), 0).apply(image);
        }
    },
    TRANSLATE_Y {
        @Override
        RgbImage apply(RgbImage image, double magnitude, CounterRandom random) {
            return Affine.shift(0, random.sign() * magnitude / MAX * 0.45 * image.height()).apply(image);
        }
    };

    /** The highest magnitude. */
    static final double MAX = 10;

    static final List<ImageOperation> ALL = List.of(values());

    /** Maps one sample to another. */
    private interface SampleMap {
        int of(int sample);
    }

    /** The image, changed by this magnitude; its size stays the same. */
    abstract RgbImage apply(RgbImage image, double magnitude, CounterRandom random);

    /** Pillow's enhancement factor: 1 changes nothing, 0.1 and 1.9 the most. */
    private static double enhancement(double magnitude, CounterRandom random) {
        return Math.max(0.1, 1 + random.sign() * magnitude / MAX * 0.9);
    }

    private static int[] histogram(RgbImage image, int channel) {
        int[] histogram = new int[256];
        for (int i = channel; i < image.pixels().length; i += RgbImage.CHANNELS) {
            histogram[image.pixels()[i] & 0xFF]++;
        }
        return histogram;
    }

    /** ITU-R 601-2, as Pillow converts to grey. */
    private static int luma(byte[] pixels, int i) {
        return (pixels[i] & 0xFF) * 19595 + (pixels[i + 1] & 0xFF) * 38470 + (pixels[i + 2] & 0xFF) * 7471 + 0x8000 >> 16;
    }

    /** from + factor · (to − from), clipped. */
    private static byte blend(int from, int to, double factor) {
        return (byte) (int) Math.clamp(from + factor * (to - from), 0, 255);
    }

    private static RgbImage map(RgbImage image, SampleMap map) {
        int[] table = new int[256];
        for (int i = 0; i < 256; i++) {
            table[i] = map.of(i);
        }
        return map(image, new int[][] {table, table, table});
    }

    private static RgbImage map(RgbImage image, int[][] tables) {
        byte[] out = image.pixels().clone();
        for (int i = 0; i < out.length; i++) {
            out[i] = (byte) tables[i % RgbImage.CHANNELS][out[i] & 0xFF];
        }
        return new RgbImage(image.source(), image.height(), image.width(), out);
    }
}
