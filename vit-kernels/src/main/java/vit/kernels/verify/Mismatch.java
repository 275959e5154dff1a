package vit.kernels.verify;

import java.util.Locale;

/**
 * An element that is not what it must be.
 *
 * @param argument the argument's name
 * @param rows     the argument's number of rows
 * @param columns  the length of its rows
 * @param index    the element, counted row by row
 * @param expected the true value
 * @param actual   the value found
 * @param bound    the largest accepted absolute error; 0 where bits must be equal
 */
public record Mismatch(String argument, int rows, int columns, int index, double expected, float actual, double bound) {

    /** The row of the element. */
    public int row() {
        return columns == 0 ? 0 : index / columns;
    }

    /** The column of the element. */
    public int column() {
        return columns == 0 ? 0 : index % columns;
    }

    /** The absolute error. */
    public double error() {
        return Math.abs(actual - expected);
    }

    /** The place: argument, row and column, and the size of the argument. */
    String place() {
        return argument + " row " + row() + " column " + column() + " of " + rows + " x " + columns;
    }

    /** The error in units of the bound and of the last place of the expected float, or a hint where an error says nothing. */
    static String error(double expected, float actual, double bound) {
        double error = Math.abs(actual - expected);
        if (GuardedMemory.isNanGuard(Float.floatToRawIntBits(actual))) {
            return "this NaN is the guard around the arguments: the kernel has read outside one, or copied a guard";
        }
        if (Float.floatToRawIntBits(actual) == Execution.UNWRITTEN) {
            return "this NaN lay there before the call: the kernel has not written the element, or has read it";
        }
        if (!Double.isFinite(error)) {
            return "not the same NaN or infinity";
        }
        String ulps = number(error / Math.ulp((float) expected)) + " ulp";
        if (bound == 0) {
            return "off by " + number(error) + ": " + ulps + ", and the bits must be equal";
        }
        return "off by " + number(error) + ": " + number(error / bound) + " times the bound of " + number(bound) + ", " + ulps;
    }

    /** A figure with three significant digits. */
    static String number(double value) {
        return value == Math.rint(value) && Math.abs(value) < 1e6 ? String.valueOf((long) value) : String.format(Locale.ROOT, "%.3g", value);
    }

    /** One sentence: place, expected, found, and the error in units of the bound and in ulp. */
    @Override
    public String toString() {
        return place() + ": expected " + expected + ", found " + actual + ", " + error(expected, actual, bound);
    }
}
