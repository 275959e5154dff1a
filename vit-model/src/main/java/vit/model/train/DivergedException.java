package vit.model.train;

/** Thrown when a loss or gradient of a training is NaN or infinite; the message names the epoch, the step and the first bad layer. */
public final class DivergedException extends Exception {

    private static final long serialVersionUID = 1L;

    /** An exception with this message, for a {@link StepGradient} of one's own. */
    public DivergedException(String message) {
        super(message);
    }
}
