package vit.model;

/** A session or a training serves one call at a time, and another call is under way. Nothing was changed; the call may be tried again. */
public final class SessionInUseException extends IllegalStateException {

    private static final long serialVersionUID = 1L;

    /** An exception with this message. */
    public SessionInUseException(String message) {
        super(message);
    }
}
