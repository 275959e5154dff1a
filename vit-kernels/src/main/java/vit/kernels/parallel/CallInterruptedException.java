package vit.kernels.parallel;

/**
 * A call was interrupted while it waited: for its team's turn, for the compilation of kernels, or in a warm-up. Nothing was computed; the
 * thread's interrupt flag is set. A call that need not wait takes no notice of an interrupt, and the flag stays set.
 */
public final class CallInterruptedException extends RuntimeException {

    private static final long serialVersionUID = 1L;

    /** An exception with this message. */
    public CallInterruptedException(String message) {
        super(message);
    }

    /** Sets the interrupt flag of this thread again, which a caught {@link InterruptedException} cleared, and returns the exception to throw. */
    public static CallInterruptedException restoring(String message) {
        Thread.currentThread().interrupt();
        return new CallInterruptedException(message);
    }
}
