package vit.model.image;

import java.util.Arrays;
import java.util.Locale;

/**
 * The reconstruction filters of Pillow's {@code Image.resize}, under Pillow's names and with Pillow's arithmetic
 * ({@code libImaging/Resample.c}). When an image shrinks, the filter is stretched by the same factor (antialiasing).
 */
public enum Filter {
    /** The mean of the pixels that the new pixel covers. */
    BOX(0.5) {
        @Override
        double weight(double x) {
            return x > -0.5 && x <= 0.5 ? 1.0 : 0.0;
        }
    },
    /** A triangle. */
    BILINEAR(1.0) {
        @Override
        double weight(double x) {
            double distance = Math.abs(x);
            return distance < 1.0 ? 1.0 - distance : 0.0;
        }
    },
    /** A sinc of one lobe under a Hamming window; its two constants are floats, as in Pillow. */
    HAMMING(1.0) {
        @Override
        double weight(double x) {
            double distance = Math.abs(x);
            if (distance == 0.0) {
                return 1.0;
            }
            if (distance >= 1.0) {
                return 0.0;
            }
            double angle = distance * Math.PI;
            return StrictMath.sin(angle) / angle * (0.54f + 0.46f * StrictMath.cos(angle));
        }
    },
    /** Keys' cubic with a = −0.5. */
    BICUBIC(2.0) {
        @Override
        double weight(double x) {
            double a = -0.5;
            double distance = Math.abs(x);
            if (distance < 1.0) {
                return ((a + 2.0) * distance - (a + 3.0)) * distance * distance + 1;
            }
            if (distance < 2.0) {
                return (((distance - 5) * distance + 8) * distance - 4) * a;
            }
            return 0.0;
        }
    },
    /** A sinc under a sinc window, three lobes. */
    LANCZOS(3.0) {
        @Override
        double weight(double x) {
            return x >= -3.0 && x < 3.0 ? sinc(x) * sinc(x / 3) : 0.0;
        }

        private static double sinc(double x) {
            if (x == 0.0) {
                return 1.0;
            }
            double angle = x * Math.PI;
            return StrictMath.sin(angle) / angle;
        }
    },
    /** The one pixel under the new pixel's centre, at any scale: no antialiasing. */
    NEAREST(0.5) {
        @Override
        double weight(double x) {
            return BOX.weight(x);
        }
    };

    /** The filters in the order of Pillow's numbers. */
    private static final Filter[] NUMBERED = {NEAREST, LANCZOS, BILINEAR, BICUBIC, BOX, HAMMING};

    private final double support;

    Filter(double support) {
        this.support = support;
    }

    /** The filter to which Pillow gives this number, from 0 to 5; null if there is none. */
    static Filter numbered(int number) {
        return number >= 0 && number < NUMBERED.length ? NUMBERED[number] : null;
    }

    /** The filter to which Pillow gives this name, in upper or lower case and with or without a class name in front; null if there is none. */
    static Filter named(String name) {
        String word = name.substring(name.lastIndexOf('.') + 1).toUpperCase(Locale.ROOT);
        return Arrays.stream(values()).filter(filter -> filter.name().equals(word)).findFirst().orElse(null);
    }

    /** Half the width of the filter at scale 1, in pixels. */
    double support() {
        return support;
    }

    /** The filter's weight at distance {@code x} from its centre, not normalised. */
    abstract double weight(double x);
}
