package vit.bench.load;

import java.util.SplittableRandom;
import java.util.random.RandomGenerator;

/** How the times between requests are distributed. */
enum Arrivals {
    /** Equal times. */
    CONSTANT,
    /** Exponential times, as of many independent callers. */
    POISSON;

    private static final double NANOS_PER_SECOND = 1e9;

    /** Yields the times at which requests are due, one after the other. */
    @FunctionalInterface
    interface Schedule {

        /** When the next request is due, in nanoseconds from the beginning; never before the previous one. */
        long next();
    }

    /**
     * The due times of requests. The same seed gives the same times.
     *
     * @param rate requests per second on average, above 0
     */
    Schedule schedule(double rate, long seed) {
        if (!(rate > 0 && rate < Double.POSITIVE_INFINITY)) {
            throw new IllegalArgumentException("rate " + rate + "; expected more than 0 requests per second");
        }
        double interval = NANOS_PER_SECOND / rate;
        return switch (this) {
            case CONSTANT -> new Constant(interval);
            case POISSON -> new Poisson(interval, new SplittableRandom(seed));
        };
    }

    /** Request i is due at i intervals. It is a product, so that rounding never adds up. */
    private static final class Constant implements Schedule {
        private final double interval;
        private long requests;

        Constant(double interval) {
            this.interval = interval;
        }

        @Override
        public long next() {
            return Math.round(interval * requests++);
        }
    }

    private static final class Poisson implements Schedule {
        private final double interval;
        private final RandomGenerator random;
        private double due;

        Poisson(double interval, RandomGenerator random) {
            this.interval = interval;
            this.random = random;
        }

        @Override
        public long next() {
            due += interval * random.nextExponential();
            return Math.round(due);
        }
    }
}
