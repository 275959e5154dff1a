package vit.model.plot;

import java.math.BigDecimal;
import java.math.MathContext;
import java.math.RoundingMode;
import java.util.ArrayList;
import java.util.List;

/**
 * The range of an axis or a colour bar, and the round numbers on it.
 *
 * @param least  the least value
 * @param most   the largest value, above {@code least}
 * @param step   the distance between ticks
 * @param powers whether the scale is logarithmic; {@code least}, {@code most} and {@code step} are then exponents of ten
 */
public record Scale(double least, double most, double step, boolean powers) {

    /** A linear scale. */
    public Scale(double least, double most, double step) {
        this(least, most, step, false);
    }

    /** A logarithmic scale from {@code least} to {@code most}, both above 0, with ticks on powers of ten. */
    public static Scale powersOfTen(double least, double most) {
        double from = StrictMath.log10(least);
        double to = StrictMath.log10(most);
        return new Scale(from, to > from ? to : from + 1, Math.max(1, Math.ceil((to - from) / 10)), true);
    }

    /** From {@code least} to {@code most} exactly, with about {@code ticks} ticks on round numbers between them. */
    public static Scale exactly(double least, double most, int ticks) {
        double end = most > least ? most : least + Math.max(1e-9, Math.abs(least) * 1e-6);
        return new Scale(least, end, round((end - least) / Math.max(1, ticks)));
    }

    /** From 0 to the first round number at or above {@code most}. */
    public static Scale fromZero(double most, int ticks) {
        double end = most > 0 && most < Double.MAX_VALUE ? most : 1;
        double step = round(end / Math.max(1, ticks));
        return new Scale(0, Math.ceil(end / step - 1e-9) * step, step);
    }

    /** Whole numbers from {@code first} to {@code last}, with half a step of room at either end. */
    public static Scale whole(int first, int last, int ticks) {
        return new Scale(first - 0.5, last + 0.5, Math.max(1, round((last - first + 1.0) / Math.max(1, ticks))));
    }

    /** The values of the ticks, ascending. */
    public List<Double> ticks() {
        List<Double> ticks = new ArrayList<>();
        for (double i = Math.ceil(least / step - 1e-6); i * step <= most + step * 1e-6; i++) {
            ticks.add(powers ? StrictMath.pow(10, i * step) : i * step + 0.0); // not −0
        }
        return ticks;
    }

    /** The relative place of a value: 0 at the beginning, 1 at the end. */
    public double place(double value) {
        return ((powers ? StrictMath.log10(value) : value) - least) / (most - least);
    }

    /** The number at a tick, with as many decimals as the step needs and a decimal point in every locale. */
    public String label(double value) {
        if (powers) {
            return "1e" + number(StrictMath.log10(value), 0);
        }
        return number(value, Math.max(0, (int) Math.ceil(-StrictMath.log10(step) - 1e-9)));
    }

    /** A number with this many decimals, a decimal point in every locale and a true minus sign. */
    public static String number(double value, int decimals) {
        if (!(Math.abs(value) <= Double.MAX_VALUE)) {
            return Double.isNaN(value) ? "NaN" : value > 0 ? "∞" : "−∞";
        }
        BigDecimal rounded = BigDecimal.valueOf(value).setScale(decimals, RoundingMode.HALF_EVEN);
        return (rounded.signum() < 0 ? "−" : "") + rounded.abs().toPlainString();
    }

    /** A number above 0 with two significant digits, for example {@code 2.5e−3}. */
    public static String scientific(double value) {
        BigDecimal rounded = new BigDecimal(value).round(new MathContext(2, RoundingMode.HALF_EVEN));
        int exponent = rounded.precision() - rounded.scale() - 1;
        return rounded.movePointLeft(exponent).setScale(1, RoundingMode.HALF_EVEN).toPlainString() + "e" + number(exponent, 0);
    }

    /** A share in percent, to two significant digits below ten percent. */
    public static String percent(double share) {
        double percent = 100 * share;
        return number(percent, percent >= 9.95 || percent == 0 ? 0 : percent >= 0.995 ? 1 : 2) + " %";
    }

    /** The nearest of 1, 2 and 5 times a power of ten that is not below {@code step}. */
    private static double round(double step) {
        double power = StrictMath.pow(10, Math.floor(StrictMath.log10(step)));
        for (double factor : new double[] {1, 2, 5}) {
            if (step <= factor * power * (1 + 1e-9)) {
                return factor * power;
            }
        }
        return 10 * power;
    }
}
