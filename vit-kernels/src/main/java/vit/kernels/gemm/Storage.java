package vit.kernels.gemm;

/**
 * How the elements of a {@link PackedMatrix} are kept in memory. Arithmetic is float32 in any case: an element of 16 bits is widened, which is exact,
 * before a product reads it.
 *
 * <p>Elements of 16 bits are finite. A matrix with an element that is NaN, infinite or beyond the range of the type is kept in 32 bits.
 */
public enum Storage {

    /** IEEE binary32: 4 bytes an element. */
    FLOAT32(4, 0, 0),

    /** The upper half of a binary32: 2 bytes an element, the range of a float, 8 significant bits. */
    BFLOAT16(2, 0x7F80, 0x0080),

    /** IEEE binary16: 2 bytes an element, at most 65504, 11 significant bits. */
    FLOAT16(2, 0x7C00, 0x0400);

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

    /** Bytes of an element. */
    public int bytes() {
        return bytes;
    }

    /** Whether an element has 16 bits. */
    public boolean isHalf() {
        return this != FLOAT32;
    }

    /** The value of this type that is nearest to {@code value}, and of two the even one. Beyond the range that is an infinity. */
    public float rounded(float value) {
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
