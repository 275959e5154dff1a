package vit.kernels.lifetime;

/**
 * Checks that the stack has room for what must not fail halfway: a call that has entered must leave, and a team that has begun a run must end it. If
 * the stack overflowed in between, a session would be in use for ever, or the members of a team would run on without their caller.
 */
public final class Headroom {

    /**
     * The number of frames of {@link #descend}. Compiled, they are small, while the code that ends a run or leaves a session may still be interpreted,
     * and its frames are then several times as large. With 8 frames, a stack that overflowed in between left the team's lock taken for ever
     * (seen in {@code BrokenRunsTest}); with 64 it was not seen again.
     */
    private static final int FRAMES = 64;

    private Headroom() {}

    /**
     * Makes calls that do nothing, to the depth that must be available. This takes 70 to 80 ns once it is compiled (Xeon,
     * AVX-512, two million calls).
     *
     * @throws StackOverflowError if the stack has less room than that
     */
    public static void require() {
        descend(FRAMES, 1, 2, 3);
    }

    /** The parameters only make the frame larger. */
    private static long descend(int frames, long a, long b, long c) {
        return frames == 0 ? a : descend(frames - 1, a, b, c) + b + c;
    }
}
