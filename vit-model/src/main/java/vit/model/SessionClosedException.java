package vit.model;

/** Thrown by a session or a training that is called after its {@code close()}. Nothing was computed or changed. */
public final class SessionClosedException extends IllegalStateException {

    private static final long serialVersionUID = 1L;

    /** An exception with this message. */
    public SessionClosedException(String message) {
        super(message);
    }
}
