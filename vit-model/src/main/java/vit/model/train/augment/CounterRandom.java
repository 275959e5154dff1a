package vit.model.train.augment;

import vit.kernels.dropout.Philox;

/**
 * Random numbers that depend only on (seed, purpose, two coordinates) and on their place in the sequence. Neither the number of threads nor the order
 * of work changes them. The generator is {@link Philox}; all other arithmetic uses {@link StrictMath}, so that every machine gets the same numbers.
 * For one thread.
 */
public final class CounterRandom {

    /** What random numbers are used for. Different purposes get independent numbers, even for equal coordinates. */
    public enum Purpose {
        SPLIT,
        ORDER,
        AUGMENT,
        MIX,
        INITIALIZE
    }

    private static final double PER_WORD = 0x1p-32;

    private final long key;
    private final long stream;
    private long next;

    /** The beginning of the sequence of (seed, purpose, high, low); for an image, the coordinates are epoch and index. */
    public CounterRandom(long seed, Purpose purpose, int high, int low) {
        this(key(seed, purpose), Philox.stream(high, low));
    }

    private CounterRandom(long key, long stream) {
        this.key = key;
        this.stream = stream;
    }

    /** SplitMix64's output function (Steele et al. 2014): a key for every purpose. */
    static long key(long seed, Purpose purpose) {
        long z = seed + (purpose.ordinal() + 1) * 0x9E3779B97F4A7C15L;
        z = (z ^ z >>> 30) * 0xBF58476D1CE4E5B9L;
        z = (z ^ z >>> 27) * 0x94D049BB133111EBL;
        return z ^ z >>> 31;
    }

    private long word() {
        return Philox.word(key, stream, next++) & 0xFFFFFFFFL;
    }

    /** In [0, 1). */
    public double uniform() {
        return word() * PER_WORD;
    }

    /** In [low, high). */
    public double uniform(double low, double high) {
        return low + (high - low) * uniform();
    }

    /** 0 to count − 1; the bias is below count / 2^32. */
    int below(int count) {
        return (int) (word() * count >>> Integer.SIZE);
    }

    /** True with this probability. */
    boolean chance(double probability) {
        return uniform() < probability;
    }

    /** +1 or −1, each with probability ½. */
    double sign() {
        return chance(0.5) ? 1 : -1;
    }

    /** From the standard normal distribution (Box and Muller 1958). */
    public double normal() {
        double radius = StrictMath.sqrt(-2 * StrictMath.log((word() + 0.5) * PER_WORD));
        return radius * StrictMath.cos(2 * Math.PI * uniform());
    }

    /** From the gamma distribution of this shape and scale 1 (Marsaglia and Tsang 2000). */
    private double gamma(double shape) {
        if (shape < 1) {
            double power = StrictMath.pow((word() + 0.5) * PER_WORD, 1 / shape);
            return gamma(shape + 1) * power;
        }
        double d = shape - 1.0 / 3;
        double c = 1 / StrictMath.sqrt(9 * d);
        while (true) {
            double x = normal();
            double v = 1 + c * x;
            v = v * v * v;
            if (v > 0 && StrictMath.log((word() + 0.5) * PER_WORD) < 0.5 * x * x + d - d * v + d * StrictMath.log(v)) {
                return d * v;
            }
        }
    }

    /** From Beta(alpha, alpha), in [0, 1]. */
    double beta(double alpha) {
        double a = gamma(alpha);
        double b = gamma(alpha);
        return a + b == 0 ? 0.5 : a / (a + b);
    }

    /** Puts {@code values} into random order (Fisher and Yates). */
    public void shuffle(int[] values) {
        for (int i = values.length - 1; i > 0; i--) {
            int j = below(i + 1);
            int held = values[i];
            values[i] = values[j];
            values[j] = held;
        }
    }
}
