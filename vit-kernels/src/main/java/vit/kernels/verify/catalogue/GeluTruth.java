package vit.kernels.verify.catalogue;

import static vit.kernels.verify.catalogue.Truth.U;

import vit.kernels.gelu.GeluKind;
import vit.kernels.gelu.GeluReference;

/** The bounds of the forms of GELU and of their derivatives. */
public final class GeluTruth {

    private GeluTruth() {}

    /** A result below this may be 0, because the exponential of which it is a multiple must not be subnormal. */
    private static double flushed(GeluKind kind) {
        return switch (kind) {
            case ERF -> Float.MIN_NORMAL;
            case TANH -> 11 * Float.MIN_NORMAL;
            case QUICK -> 52 * Float.MIN_NORMAL;
        };
    }

    /**
     * The exponent of the tanh form, |2u|. It carries the relative error of 3 roundings; in the tail the result has that error times the
     * exponent.
     */
    private static double exponent(double x) {
        double t = Math.abs(x);
        return 2 * Math.sqrt(2 / Math.PI) * (t + 0.044715 * t * t * t);
    }

    /**
     * The number of roundings on the way to GELU(x). For the exact form it is measured and rounded up: 6.2 ulp, each of which is worth at most
     * 2 roundings. For the other forms it is derived: 2 each for exp and the division, 1 each for the product and the sum. The exponent of the tanh
     * form adds 3, and below 0 these count in proportion to the exponent. The exponent of the quick form adds none, because it is held in two floats.
     */
    public static double forwardBound(double x, double y, GeluKind kind) {
        if (y == 0) {
            return flushed(kind);
        }
        double roundings = switch (kind) {
            case ERF -> 13;
            case TANH -> 8 + (x < 0 ? 3 * exponent(x) : 3);
            case QUICK -> 6;
        };
        return roundings * U * Math.abs(y) + flushed(kind);
    }

    /** The derivative is a difference, h = a − b or 1 − h, so every rounding counts in proportion to the value that is rounded. */
    public static double backwardBound(double dy, double x, GeluKind kind) {
        double t = Math.abs(x);
        double[] tail = new double[1];
        GeluReference.forward(tail, new double[] {-t}, kind);
        double size = 0; // of a = Q(t) and of b ≤ (1 + t·(1 + t²))·a, or b ≤ 1.702·t·a in the quick form; 0 where both vanish
        if (tail[0] != 0 || t == 0) {
            size = (t == 0 ? 0.5 : -tail[0] / t) * (kind == GeluKind.QUICK ? 1 + 1.702 * t : 2 + t * (1 + t * t));
        }
        double roundings = size == 0 || kind != GeluKind.TANH ? 10 : 10 + 3 * exponent(x);
        return Math.abs(dy) * U * (roundings * size + (x < 0 ? 1 : 3)) + 600 * Float.MIN_NORMAL;
    }
}
