package vit.model.config;

/** Bounds that every part of a configuration shares. */
final class Dimensions {

    /** Largest value of any dimension. It keeps every product of three dimensions within a long. */
    static final int MOST = 1 << 20;

    /** The largest number of elements of one buffer or matrix, which the kernels index by an int. */
    static final long MOST_ELEMENTS = Integer.MAX_VALUE / Float.BYTES;

    private Dimensions() {}

    /** Requires {@code least} ≤ {@code value} ≤ {@link #MOST}. */
    static void check(String name, int value, int least) {
        require(value >= least && value <= MOST, name + " " + value + " is not in " + least + " … " + MOST);
    }

    /** Throws {@link IllegalArgumentException} with the message unless the condition holds. */
    static void require(boolean holds, String message) {
        if (!holds) {
            throw new IllegalArgumentException(message);
        }
    }
}
