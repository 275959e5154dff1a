package vit.bench;

/** Thrown when two sides compute different results, so that their times cannot be compared. */
public final class DisagreementException extends Exception {

    private static final long serialVersionUID = 1L;

    /** With what differs, and by how much. */
    public DisagreementException(String message) {
        super(message);
    }
}
