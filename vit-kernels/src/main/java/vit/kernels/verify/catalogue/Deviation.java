package vit.kernels.verify.catalogue;

/**
 * How far an element of an output is from the truth.
 *
 * @param output   the name of the output
 * @param index    the element, counted row by row
 * @param expected the true value
 * @param actual   the kernel's value
 * @param share    the error in units of its bound; infinite if the bits must agree and do not
 */
public record Deviation(String output, int index, double expected, double actual, double share) {

    /** No element is off. */
    public static final Deviation NONE = new Deviation("", 0, 0, 0, 0);

    /** Whether the error is greater than its bound. */
    public boolean isTooLarge() {
        return share > 1;
    }

    /** Where it is: the output and the element. */
    public String where() {
        return output + "[" + index + "]";
    }

    /** The deviation in words. */
    @Override
    public String toString() {
        return where() + ": expected " + (float) expected + ", found " + (float) actual
                + (Double.isInfinite(share) ? "" : ", off by " + (float) Math.abs(actual - expected) + ", " + (float) share + " of its bound");
    }
}
