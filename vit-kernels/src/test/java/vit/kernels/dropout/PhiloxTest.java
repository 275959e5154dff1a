package vit.kernels.dropout;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.BitSet;
import org.junit.jupiter.api.Test;

/** The random number generator Philox 4×32-10 against the known answers of its authors. No two elements share random bits. */
class PhiloxTest {

    /** Counter, key and result from the file {@code kat_vectors} of Random123, the distribution of the authors. */
    private static final long[][] KNOWN_ANSWERS = {
        {0, 0, 0, 0, 0, 0, 0x6627e8d5L, 0xe169c58dL, 0xbc57ac4cL, 0x9b00dbd8L},
        {0xffffffffL, 0xffffffffL, 0xffffffffL, 0xffffffffL, 0xffffffffL, 0xffffffffL,
            0x408f276dL, 0x41c83b0eL, 0xa20bc7c6L, 0x6d5451fdL},
        {0x243f6a88L, 0x85a308d3L, 0x13198a2eL, 0x03707344L, 0xa4093822L, 0x299f31d0L,
            0xd16cfe09L, 0x94fdccebL, 0x5001e420L, 0x24126ea1L},
    };

    @Test
    void theAuthorsKnownAnswersComeOut() {
        for (long[] v : KNOWN_ANSWERS) {
            for (int which = 0; which < 4; which++) {
                int word = Philox.word(v[0] | v[1] << 32, v[2] | v[3] << 32, v[4] | v[5] << 32, which);
                assertEquals(v[6 + which], Integer.toUnsignedLong(word), "word " + which);
            }
        }
    }

    /** Each (block, word) belongs to one element: the 64 elements of a group use the 64 words of its 16 blocks. */
    @Test
    void elementsDoNotShareWords() {
        BitSet seen = new BitSet();
        for (int element = 0; element < 4 * Philox.GROUP; element++) {
            for (int block = 0; block < 64; block++) {
                for (int which = 0; which < 4; which++) {
                    if (Philox.word(7, 9, element) == Philox.word(block, 9, 7, which)) {
                        assertTrue(!seen.get(block * 4 + which), "element " + element + " shares a word");
                        seen.set(block * 4 + which);
                    }
                }
            }
        }
        assertEquals(4 * Philox.GROUP, seen.cardinality());
    }

    @Test
    void stepLayerAndSeedAllMatter() {
        int word = Philox.word(1, Philox.stream(1, 1), 0);
        assertTrue(word != Philox.word(2, Philox.stream(1, 1), 0), "seed");
        assertTrue(word != Philox.word(1L << 32 | 1, Philox.stream(1, 1), 0), "high half of the seed");
        assertTrue(word != Philox.word(1, Philox.stream(2, 1), 0), "step");
        assertTrue(word != Philox.word(1, Philox.stream(1, 2), 0), "layer");
        assertTrue(word != Philox.word(1, Philox.stream(1, 1), 1), "element");
        assertTrue(word != Philox.word(1, Philox.stream(1, 1), 1L << 40), "element beyond 32 bits");
    }

    @Test
    void uniformIsInRangeAndHasTheRightMean() {
        int n = 1 << 16;
        double sum = 0;
        for (int i = 0; i < n; i++) {
            float u = Philox.uniform(3, 4, i);
            assertTrue(u >= 0 && u < 1);
            sum += u;
        }
        // five standard deviations of the mean, each 1/√(12 n) = 0.0011
        assertEquals(0.5, sum / n, 5 / Math.sqrt(12.0 * n));
    }
}
