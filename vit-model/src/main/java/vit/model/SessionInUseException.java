package vit.model;

/**
 * Thrown by a session or a training that is called while another call is under way; each serves one call at a time. Nothing was computed or changed,
 * and the call may be tried again. To serve several threads, give each a session of its own.
 */
public final class SessionInUseException extends IllegalStateException {

    private static final long serialVersionUID = 1L;

    /** An exception with this message. */
    public SessionInUseException(String message) {
        super(message);
    }
}
