package vit.kernels.parallel;

/**
 * A call was interrupted while it waited: for its turn on the team, for the compilation of kernels, or during a warm-up. Nothing was computed, and
 * the thread's interrupt flag is set. A call that does not have to wait ignores an interrupt and leaves the flag set.
 */
public final class CallInterruptedException extends RuntimeException {

    private static final long serialVersionUID = 1L;

    /** An exception with this message. */
    public CallInterruptedException(String message) {
        super(message);
    }

    /**
     * Sets the interrupt flag of this thread again, which catching an {@link InterruptedException} leaves cleared, and returns the exception to
     * throw.
     */
    public static CallInterruptedException restoring(String message) {
        Thread.currentThread().interrupt();
        return new CallInterruptedException(message);
    }
}
