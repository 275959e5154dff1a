package vit.kernels.lifetime;

/**
 * Looks whether the stack has room for what must not fail halfway: a call that has entered must leave, and a team that has begun a run must end
 * it. A stack that overflows between would leave a session in use for ever, or the members of a team running alone.
 */
public final class Headroom {

    /**
     * Compiled frames of {@link #descend}, some 4 KB in all. That is the size of a dozen interpreted frames: what ends a run or leaves a session may
     * still be interpreted when this method is compiled, and its frames are then several times as large. With 8 frames, one test in some
     * hundreds left the team's lock taken for ever.
     */
    private static final int FRAMES = 64;

    private Headroom() {}

    /**
     * Does nothing, deep enough. It takes some hundred nanoseconds, where the smallest model takes fifty microseconds.
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
