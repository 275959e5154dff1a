package vit.kernels.gemm;

/**
 * How the elements of a {@link PackedMatrix} are kept in memory. Arithmetic is float32 in any case: an element of fewer bits becomes a float before a
 * product reads it. For 16 bits that is exact. For 8 bits it is one product, rounded once to a float.
 *
 * <p>Elements of 16 and 8 bits are finite. A matrix with an element that is NaN, infinite or beyond the range of the type is kept in 32 bits.
 */
public enum Storage {

    /** IEEE binary32: 4 bytes an element. */
    FLOAT32(4, 0, 0),

    /** The upper half of a binary32: 2 bytes an element, the range of a float, 8 significant bits. */
    BFLOAT16(2, 0x7F80, 0x0080),

    /** IEEE binary16: 2 bytes an element, at most 65504, 11 significant bits. */
    FLOAT16(2, 0x7C00, 0x0400),

    /**
     * A whole number from −127 to 127, 1 byte an element, and one float for each output, its scale. The value is the number times the scale, rounded to
     * a float. The scale is the largest absolute value among the output's elements divided by 127, but at least 2⁻¹²⁶, the smallest normal float. An output
     * whose elements are all zero has the scale 0.
     */
    INT8(1, 0, 0);

    /** The sign of either half of a word. */
    private static final int SIGNS = 0x8000_8000;

    private final int bytes;
    private final int exponents; // the exponent's bits in both halves of a word, which are all set in NaN and the infinities only
    private final int exponentUnits; // the lowest of them

    Storage(int bytes, int exponent, int exponentUnit) {
        this.bytes = bytes;
        this.exponents = exponent | exponent << 16;
        this.exponentUnits = exponentUnit | exponentUnit << 16;
    }

    /** Bytes of an element, without the scales of {@link #INT8}. */
    public int bytes() {
        return bytes;
    }

    /** Whether an element has 16 bits. */
    public boolean isHalf() {
        return this == BFLOAT16 || this == FLOAT16;
    }

    /** Whether an element has fewer than 32 bits, so that it is made a float before a product reads it. */
    public boolean isNarrow() {
        return this != FLOAT32;
    }

    /**
     * The value of this type that is nearest to {@code value}, and of two the even one. Beyond the range that is an infinity.
     *
     * @throws IllegalStateException for {@link #INT8}, where it depends on the other elements
     */
    public float rounded(float value) {
        if (this == INT8) {
            throw new IllegalStateException("an element of INT8 is rounded by the scale of its output");
        }
        return isHalf() ? widen(narrow(value)) : value;
    }

    /** The 16 bits of the {@linkplain #rounded rounded} value. A NaN stays a NaN. */
    short narrow(float value) {
        if (this == FLOAT16) {
            return Float.floatToFloat16(value);
        }
        int bits = Float.floatToRawIntBits(value);
        return (short) (value != value ? bits >>> 16 | 0x40 : bits + 0x7FFF + (bits >>> 16 & 1) >>> 16);
    }

    /** Two elements of 16 bits in a word, with a bit for each that is set if the element is not finite; see {@link #isFinite}. */
    int signsOfNonFinite(int word) {
        return (word & exponents) + exponentUnits;
    }

    /** Whether all elements were finite whose {@link #signsOfNonFinite} were combined by a bitwise or. */
    static boolean isFinite(int signs) {
        return (signs & SIGNS) == 0;
    }

    /** The value of 16 bits. */
    float widen(short bits) {
        return this == FLOAT16 ? Float.float16ToFloat(bits) : Float.intBitsToFloat(bits << 16);
    }
}
