package vit.kernels.parallel;

/** A team of {@link Workers} was asked to run a task after it was closed. */
public final class WorkersClosedException extends IllegalStateException {

    private static final long serialVersionUID = 1L;

    /** An exception with this message. */
    public WorkersClosedException(String message) {
        super(message);
    }
}
