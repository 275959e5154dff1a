package vit.model;

/** Thrown by a model, and by its sessions, when a call needs the weights after {@link VitModel#close}. Nothing was computed or changed. */
public final class ModelClosedException extends IllegalStateException {

    private static final long serialVersionUID = 1L;

    /** An exception with this message. */
    public ModelClosedException(String message) {
        super(message);
    }
}
