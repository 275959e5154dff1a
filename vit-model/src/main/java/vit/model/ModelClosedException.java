package vit.model;

/** A model, or one of its sessions, was called after the model was closed. */
public final class ModelClosedException extends IllegalStateException {

    private static final long serialVersionUID = 1L;

    /** An exception with this message. */
    public ModelClosedException(String message) {
        super(message);
    }
}
