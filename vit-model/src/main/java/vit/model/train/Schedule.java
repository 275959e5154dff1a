package vit.model.train;

import java.io.Serializable;

/**
 * The learning rate of every step: linear warm-up, then one of these shapes:
 *
 * <pre>
 *   step s of S, W = warmup · S rounded
 *   s &lt; W      rate · (s + 1) / W
 *   CONSTANT   rate
 *   LINEAR     rate + (last − rate) · p          p = (s − W) / (S − W)
 *   COSINE     last + (rate − last) · (1 + cos πp) / 2          (Loshchilov and Hutter 2017)
 * </pre>
 *
 * @param shape  what follows warm-up
 * @param rate   the highest learning rate, above 0
 * @param last   the rate at the end, 0 or more; without meaning for a constant rate
 * @param warmup share of all steps, in [0, 1]
 */
public record Schedule(Shape shape, double rate, double last, double warmup) implements Serializable {

    /** What follows warm-up. */
    public enum Shape {
        CONSTANT,
        LINEAR,
        COSINE
    }

    public Schedule {
        if (!(rate > 0 && rate < 1e6)) {
            throw new IllegalArgumentException("learning rate " + rate + "; expected above 0 and below 1000000");
        }
        if (!(last >= 0 && last <= rate)) {
            throw new IllegalArgumentException("last learning rate " + last + "; expected 0 to " + rate);
        }
        if (!(warmup >= 0 && warmup <= 1)) {
            throw new IllegalArgumentException("warm-up " + warmup + " of all steps; expected 0 to 1");
        }
    }

    /** One rate throughout. */
    public static Schedule constant(double rate) {
        return new Schedule(Shape.CONSTANT, rate, 0, 0);
    }

    /** Cosine to zero; {@code warmup} is the share of all steps that warm-up takes. */
    public static Schedule cosine(double rate, double warmup) {
        return new Schedule(Shape.COSINE, rate, 0, warmup);
    }

    /** Linear to zero; {@code warmup} is the share of all steps that warm-up takes. */
    public static Schedule linear(double rate, double warmup) {
        return new Schedule(Shape.LINEAR, rate, 0, warmup);
    }

    /** This schedule with another highest rate; the last rate is lowered to it if necessary. */
    public Schedule withRate(double value) {
        return new Schedule(shape, value, Math.min(last, value), warmup);
    }

    /** This schedule with another share of warm-up, in [0, 1]. */
    public Schedule withWarmup(double share) {
        return new Schedule(shape, rate, last, share);
    }

    /** This schedule with another shape after warm-up. */
    public Schedule withShape(Shape value) {
        return new Schedule(value, rate, last, warmup);
    }

    /**
     * The rate of a step.
     *
     * @param step  from 0
     * @param steps of the whole training
     */
    public double at(long step, long steps) {
        long rising = Math.round(warmup * steps);
        if (step < rising) {
            return rate * (step + 1) / rising;
        }
        double progress = (double) (step - rising) / Math.max(1, steps - rising);
        return switch (shape) {
            case CONSTANT -> rate;
            case LINEAR -> rate + (last - rate) * progress;
            case COSINE -> last + (rate - last) * (1 + StrictMath.cos(Math.PI * progress)) / 2;
        };
    }
}
