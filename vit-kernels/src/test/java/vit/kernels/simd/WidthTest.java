package vit.kernels.simd;

import static org.junit.jupiter.api.Assertions.assertEquals;

import org.junit.jupiter.api.Test;

/** The suite runs at the vector width that the build meant to test. */
class WidthTest {

    @Test
    void widthMeantIsTheWidthUsed() {
        int meant = Integer.getInteger("vit.test.bits", Simd.BITS);
        assertEquals(meant, Simd.BITS);
        assertEquals(meant, Simd.SPECIES.vectorBitSize());
        assertEquals(meant / Float.SIZE, Simd.LANES);
    }
}
