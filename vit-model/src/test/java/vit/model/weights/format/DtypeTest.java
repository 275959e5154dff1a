package vit.model.weights.format;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import java.math.BigDecimal;
import java.math.BigInteger;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import org.junit.jupiter.api.Test;

/** Elements of every type are converted with one rounding to the nearest even value, and values that do not fit are refused. */
class DtypeTest {

    private static ByteBuffer buffer() {
        return ByteBuffer.allocate(8).order(ByteOrder.LITTLE_ENDIAN);
    }

    private static float asFloat(Dtype dtype, ByteBuffer buffer) {
        float[] value = new float[1];
        dtype.decode(buffer.rewind(), value, 0, 1);
        return value[0];
    }

    private static double asDouble(Dtype dtype, ByteBuffer buffer) {
        double[] value = new double[1];
        dtype.decode(buffer.rewind(), value, 0, 1);
        return value[0];
    }

    @Test
    void everyHalfAndEveryBfloat16ReadsAndWritesBack() {
        for (Dtype dtype : new Dtype[] {Dtype.F16, Dtype.BF16}) {
            int mantissa = dtype == Dtype.F16 ? 10 : 7;
            for (int bits = 0; bits < 1 << 16; bits++) {
                float value = asFloat(dtype, buffer().putShort((short) bits));
                assertEquals(value, asDouble(dtype, buffer().putShort((short) bits)));
                assertEquals(ieee(bits, 15 - mantissa, mantissa), value);
                if (Float.isNaN(value)) {
                    continue;
                }
                ByteBuffer written = buffer();
                dtype.encode(written, value);
                assertEquals((short) bits, written.getShort(0));
            }
        }
    }

    /** The value of an IEEE number by its definition. */
    private static float ieee(int bits, int exponentBits, int mantissaBits) {
        int exponent = bits >> mantissaBits & (1 << exponentBits) - 1;
        int mantissa = bits & (1 << mantissaBits) - 1;
        int bias = (1 << exponentBits - 1) - 1;
        double sign = bits >> 15 == 0 ? 1 : -1;
        if (exponent == (1 << exponentBits) - 1) {
            return mantissa == 0 ? (float) (sign * Double.POSITIVE_INFINITY) : Float.NaN;
        }
        double fraction = Math.scalb((double) mantissa, -mantissaBits);
        return (float) (sign * (exponent == 0 ? Math.scalb(fraction, 1 - bias) : Math.scalb(1 + fraction, exponent - bias)));
    }

    @Property
    void bfloat16RoundsToTheNearestEven(@ForAll float value) {
        ByteBuffer written = buffer();
        Dtype.BF16.encode(written, value);
        int low = Float.floatToRawIntBits(value) >>> 16;
        float below = Float.intBitsToFloat(low << 16);
        float above = Float.intBitsToFloat(low + 1 << 16);
        double lowDistance = Math.abs((double) value - below);
        double highDistance = Math.abs((double) above - value);
        int expected = lowDistance < highDistance || lowDistance == highDistance && (low & 1) == 0 ? low : low + 1;
        if (!Float.isInfinite(above)) {
            assertEquals((short) expected, written.getShort(0));
        }
    }

    @Property
    void integersConvertWithOneRounding(@ForAll long bits) {
        ByteBuffer buffer = buffer().putLong(bits);
        BigInteger unsigned = new BigInteger(Long.toUnsignedString(bits));
        assertEquals(unsigned.doubleValue(), asDouble(Dtype.U64, buffer));
        assertEquals((float) bits, asFloat(Dtype.I64, buffer));
        assertEquals(BigDecimal.valueOf(bits).doubleValue(), asDouble(Dtype.I64, buffer));
        assertEquals((int) bits, asDouble(Dtype.I32, buffer));
        assertEquals(bits & 0xFFFFFFFFL, asDouble(Dtype.U32, buffer));
        assertEquals((short) bits, asDouble(Dtype.I16, buffer));
        assertEquals(bits & 0xFFFF, asDouble(Dtype.U16, buffer));
        assertEquals((byte) bits, asDouble(Dtype.I8, buffer));
        assertEquals(bits & 0xFF, asDouble(Dtype.U8, buffer));
        assertEquals((bits & 0xFF) == 0 ? 0 : 1, asDouble(Dtype.BOOL, buffer));
    }

    @Test
    void unsignedIntegersBeyondTheSignBitRoundOnce() {
        // 2^63 + 1024 is half-way between two doubles and is rounded to the even one. One more is above the middle.
        for (long low : new long[] {1023, 1024, 1025, 3071, 3072, 3073}) {
            long bits = Long.MIN_VALUE + low;
            assertEquals(new BigInteger(Long.toUnsignedString(bits)).doubleValue(), asDouble(Dtype.U64, buffer().putLong(bits)), "2^63 + " + low);
        }
    }

    @Test
    void valuesThatDoNotFitAreRefused() {
        assertThrows(IllegalArgumentException.class, () -> Dtype.I32.encode(buffer(), 0x1p31));
        assertThrows(IllegalArgumentException.class, () -> Dtype.U8.encode(buffer(), -1));
        assertThrows(IllegalArgumentException.class, () -> Dtype.I64.encode(buffer(), 0.5));
        assertThrows(IllegalArgumentException.class, () -> Dtype.BF16.encode(buffer(), 0.1));
    }
}
