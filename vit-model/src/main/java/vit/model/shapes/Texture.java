package vit.model.shapes;

import java.util.random.RandomGenerator;

/**
 * A pattern between two colours, drawn with random parameters: plain, gradients, stripes, checks, dots, cloudy noise. Immutable.
 */
final class Texture {

    private static final int KINDS = 7;
    private static final int NOISE_CELLS = 10;

    private final int kind;
    private final float[] from; // (3), 0 … 1
    private final float[] to;
    private final double cos;
    private final double sin;
    private final double period; // in sides of the image
    private final double phase;
    private final float[] noise; // (cells, cells), or null

    /** A random pattern between two colours. */
    Texture(RandomGenerator random, float[] from, float[] to) {
        this.kind = random.nextInt(KINDS);
        this.from = from;
        this.to = to;
        double angle = random.nextDouble(2 * Math.PI);
        this.cos = Math.cos(angle);
        this.sin = Math.sin(angle);
        this.period = random.nextDouble(0.09, 0.3);
        this.phase = random.nextDouble();
        this.noise = kind == KINDS - 1 ? new float[NOISE_CELLS * NOISE_CELLS] : null;
        if (noise != null) {
            for (int i = 0; i < noise.length; i++) {
                noise[i] = random.nextFloat();
            }
        }
    }

    /** The colour at a point, (x, y) in [0, 1), as a packed RGB integer. */
    int at(double x, double y) {
        double share = Math.clamp(share(x, y), 0.0, 1.0);
        int rgb = 0;
        for (int c = 0; c < 3; c++) {
            double value = from[c] + share * (to[c] - from[c]);
            rgb = rgb << 8 | (int) Math.round(255 * Math.clamp(value, 0.0, 1.0));
        }
        return rgb;
    }

    private double share(double x, double y) {
        double u = (x - 0.5) * cos + (y - 0.5) * sin;
        double v = (y - 0.5) * cos - (x - 0.5) * sin;
        return switch (kind) {
            case 0 -> 0.5;
            case 1 -> u + 0.5;
            case 2 -> Math.hypot(u + 0.3 * cos, v) * 1.4;
            case 3 -> 0.5 + 0.5 * Math.sin(2 * Math.PI * (u / period + phase));
            case 4 -> (Math.floorMod((int) Math.floor(u / period + phase), 2) ^ Math.floorMod((int) Math.floor(v / period), 2)) == 0 ? 0 : 1;
            case 5 -> Math.hypot(fraction(u / period + phase) - 0.5, fraction(v / period) - 0.5) < 0.3 ? 1 : 0;
            default -> cloud(x, y);
        };
    }

    private static double fraction(double value) {
        return value - Math.floor(value);
    }

    /** Bilinear interpolation of the random cells. */
    private double cloud(double x, double y) {
        double u = x * (NOISE_CELLS - 1);
        double v = y * (NOISE_CELLS - 1);
        int i = Math.min((int) u, NOISE_CELLS - 2);
        int j = Math.min((int) v, NOISE_CELLS - 2);
        double fu = u - i;
        double fv = v - j;
        double top = noise[j * NOISE_CELLS + i] * (1 - fu) + noise[j * NOISE_CELLS + i + 1] * fu;
        double bottom = noise[(j + 1) * NOISE_CELLS + i] * (1 - fu) + noise[(j + 1) * NOISE_CELLS + i + 1] * fu;
        return top * (1 - fv) + bottom * fv;
    }
}
