package vit.bench.peers;

/** Thrown when two sides compute different results, so that their times cannot be compared. */
final class DisagreementException extends Exception {

    private static final long serialVersionUID = 1L;

    DisagreementException(String message) {
        super(message);
    }
}
