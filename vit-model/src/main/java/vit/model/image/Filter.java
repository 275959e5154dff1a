package vit.model.image;

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
    };

    private final double support;

    Filter(double support) {
        this.support = support;
    }

    /** Half the width of the filter at scale 1, in pixels. */
    double support() {
        return support;
    }

    /** The filter at distance {@code x} from its centre, not normalised. */
    abstract double weight(double x);
}
