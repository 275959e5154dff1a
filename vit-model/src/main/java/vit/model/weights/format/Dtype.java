package vit.model.weights.format;

import java.nio.ByteBuffer;

/** The type of a stored tensor's elements, under safetensors' names. */
public enum Dtype {
    F64(8, true),
    F32(4, true),
    /** IEEE binary16. */
    F16(2, true),
    /** The upper half of a float32. */
    BF16(2, true),
    I64(8, false),
    U64(8, false),
    I32(4, false),
    U32(4, false),
    I16(2, false),
    U16(2, false),
    I8(1, false),
    U8(1, false),
    BOOL(1, false);

    private final int bytes;
    private final boolean isFloat;

    Dtype(int bytes, boolean isFloat) {
        this.bytes = bytes;
        this.isFloat = isFloat;
    }

    /** Bytes of an element. */
    public int bytes() {
        return bytes;
    }

    /** Whether it is a floating-point type. */
    public boolean isFloat() {
        return isFloat;
    }

    /** The type of this name, or null. */
    public static Dtype find(String name) {
        for (Dtype dtype : values()) {
            if (dtype.name().equals(name)) {
                return dtype;
            }
        }
        return null;
    }

    /**
     * Converts {@code count} elements from the buffer's position to float, advancing the position. F32, F16 and BF16 are
     * exact; the others round to nearest.
     */
    void decode(ByteBuffer from, float[] target, int offset, int count) {
        switch (this) {
            case F32 -> {
                from.asFloatBuffer().get(target, offset, count);
                from.position(from.position() + count * Float.BYTES);
            }
            case F16 -> {
                for (int i = 0; i < count; i++) {
                    target[offset + i] = Float.float16ToFloat(from.getShort());
                }
            }
            case BF16 -> {
                for (int i = 0; i < count; i++) {
                    target[offset + i] = Float.intBitsToFloat(from.getShort() << 16);
                }
            }
            case I64 -> {
                for (int i = 0; i < count; i++) {
                    target[offset + i] = from.getLong(); // directly: going through double would round twice
                }
            }
            default -> {
                for (int i = 0; i < count; i++) {
                    target[offset + i] = (float) decode(from);
                }
            }
        }
    }

    /** Converts {@code count} elements to double. Only integers beyond 2^53 are rounded. */
    void decode(ByteBuffer from, double[] target, int offset, int count) {
        for (int i = 0; i < count; i++) {
            target[offset + i] = decode(from);
        }
    }

    private double decode(ByteBuffer from) {
        return switch (this) {
            case F64 -> from.getDouble();
            case F32 -> from.getFloat();
            case F16 -> Float.float16ToFloat(from.getShort());
            case BF16 -> Float.intBitsToFloat(from.getShort() << 16);
            case I64 -> from.getLong();
            case U64 -> unsigned(from.getLong());
            case I32 -> from.getInt();
            case U32 -> Integer.toUnsignedLong(from.getInt());
            case I16 -> from.getShort();
            case U16 -> Short.toUnsignedInt(from.getShort());
            case I8 -> from.get();
            case U8 -> Byte.toUnsignedInt(from.get());
            case BOOL -> from.get() != 0 ? 1 : 0;
        };
    }

    private static double unsigned(long bits) {
        // Halve, and keep the lowest bit sticky, so that the only rounding takes the bit that was shifted out into account.
        return bits >= 0 ? bits : ((bits >>> 1) | (bits & 1)) * 2.0;
    }

    /**
     * Appends {@code value}, rounded to nearest even if this is a narrower floating-point type.
     *
     * @throws IllegalArgumentException if this is an integer type that cannot represent the value, or a type that is never written
     */
    void encode(ByteBuffer to, double value) {
        switch (this) {
            case F64 -> to.putDouble(value);
            case F32 -> to.putFloat((float) value);
            case F16 -> to.putShort(toFloat16(value));
            case BF16 -> to.putShort(toBfloat16(value));
            case I64 -> to.putLong(whole(value, -0x1p63, 0x1p63));
            case I32 -> to.putInt((int) whole(value, -0x1p31, 0x1p31));
            case U8 -> to.put((byte) whole(value, 0, 0x1p8));
            default -> throw new IllegalArgumentException(this + " is not written");
        }
    }

    private long whole(double value, double least, double above) {
        if (value != Math.rint(value) || value < least || value >= above) {
            throw new IllegalArgumentException(value + " is not a value of " + this);
        }
        return (long) value;
    }

    private static short toFloat16(double value) {
        requireFloat(value);
        return Float.floatToFloat16((float) value);
    }

    /** Rounds to nearest even on the upper half of a float; a NaN stays a NaN. */
    private static short toBfloat16(double value) {
        requireFloat(value);
        int bits = Float.floatToRawIntBits((float) value);
        if (Double.isNaN(value)) {
            return (short) (bits >>> 16 | 0x40);
        }
        return (short) (bits + 0x7FFF + (bits >>> 16 & 1) >>> 16);
    }

    /** A narrow type is written from float values only: going from double through float would round twice. */
    private static void requireFloat(double value) {
        if (!Double.isNaN(value) && (float) value != value) {
            throw new IllegalArgumentException(value + " is not a float; a 16-bit type is written from floats");
        }
    }
}
