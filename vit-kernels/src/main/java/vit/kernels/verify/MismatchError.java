package vit.kernels.verify;

/** Ends a trial at the first element that is wrong. */
final class MismatchError extends AssertionError {

    private static final long serialVersionUID = 1;

    private final transient Mismatch mismatch;

    MismatchError(String prefix, Mismatch mismatch) {
        super(prefix + mismatch);
        this.mismatch = mismatch;
    }

    Mismatch mismatch() {
        return mismatch;
    }
}
