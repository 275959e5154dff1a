package vit.kernels.lifetime;

/**
 * Looks whether the stack has room for what must not fail halfway: a call that has entered must leave, and a team that has begun a run must end
 * it. A stack that overflows between would leave a session in use for ever, or the members of a team running alone.
 */
public final class Headroom {

    /** Together more than what stands between begin and end outside of the work itself: some five small methods deep. */
    private static final int FRAMES = 8;

    private Headroom() {}

    /**
     * Does nothing, deep enough. Takes some ten nanoseconds.
     *
     * @throws StackOverflowError if there is not enough left
     */
    public static void require() {
        descend(FRAMES, 1, 2, 3);
    }

    /** Its parameters make the frame larger. */
    private static long descend(int frames, long a, long b, long c) {
        return frames == 0 ? a : descend(frames - 1, a, b, c) + b + c;
    }
}
