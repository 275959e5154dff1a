package vit.kernels.dropout;

/**
 * The counter-based random number generator Philox4x32-10 (Salmon, Moraes, Dror and Shaw 2011, "Parallel random numbers:
 * as easy as 1, 2, 3", section 3.3): ten rounds of a bijection turn a counter of four 32-bit words, under a key of two, into
 * four random words. There is no state.
 *
 * <p>The key is the seed. The counter is (block, stream), 64 bits each, low word first. Elements are assigned to words so that at any vector width
 * neighbouring elements are in neighbouring lanes: in each group of 64 elements, element 16·w + l is word w of the group's block l.
 */
public final class Philox {

    /** The number of elements that share 16 blocks. */
    static final int GROUP = 64;

    /** The number of blocks of a group. */
    static final int GROUP_BLOCKS = 16;

    static final int ROUNDS = 10;
    static final int MULTIPLIER_0 = 0xD2511F53;
    static final int MULTIPLIER_1 = 0xCD9E8D57;
    static final int KEY_STEP_0 = 0x9E3779B9; // the golden ratio
    static final int KEY_STEP_1 = 0xBB67AE85; // √3 − 1

    private static final long LOW_WORD = 0xFFFFFFFFL;

    private Philox() {}

    /** The stream of layer {@code layer} in training step {@code step}; each layer that uses random numbers needs a number of its own. */
    public static long stream(int step, int layer) {
        return (long) step << Integer.SIZE | layer & LOW_WORD;
    }

    /** The random 32 bits of element {@code element} of a stream. */
    public static int word(long seed, long stream, long element) {
        long group = element / GROUP;
        int place = (int) (element % GROUP);
        long block = group * GROUP_BLOCKS + place % GROUP_BLOCKS;
        return word(block, stream, seed, place / GROUP_BLOCKS);
    }

    /** A random number in [0, 1), a multiple of 2^-24, from the high bits of {@link #word(long, long, long)}. */
    public static float uniform(long seed, long stream, long element) {
        return (word(seed, stream, element) >>> 8) * 0x1p-24f;
    }

    /** Word {@code which} (0 to 3) of the result for the counter (low, high) under {@code key}. Each long is two words, low word first. */
    static int word(long low, long high, long key, int which) {
        int c0 = (int) low;
        int c1 = (int) (low >>> Integer.SIZE);
        int c2 = (int) high;
        int c3 = (int) (high >>> Integer.SIZE);
        int k0 = (int) key;
        int k1 = (int) (key >>> Integer.SIZE);
        for (int round = 0; round < ROUNDS; round++) {
            long product0 = (MULTIPLIER_0 & LOW_WORD) * (c0 & LOW_WORD);
            long product1 = (MULTIPLIER_1 & LOW_WORD) * (c2 & LOW_WORD);
            c0 = (int) (product1 >>> Integer.SIZE) ^ c1 ^ k0;
            c1 = (int) product1;
            c2 = (int) (product0 >>> Integer.SIZE) ^ c3 ^ k1;
            c3 = (int) product0;
            k0 += KEY_STEP_0;
            k1 += KEY_STEP_1;
        }
        return switch (which) {
            case 0 -> c0;
            case 1 -> c1;
            case 2 -> c2;
            default -> c3;
        };
    }
}
