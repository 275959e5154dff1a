package vit.model;

/** A session or a training was called after it was closed. */
public final class SessionClosedException extends IllegalStateException {

    private static final long serialVersionUID = 1L;

    /** An exception with this message. */
    public SessionClosedException(String message) {
        super(message);
    }
}
