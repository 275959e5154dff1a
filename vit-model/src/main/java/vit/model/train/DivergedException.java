package vit.model.train;

/** Training met a loss or a gradient that is NaN or infinite; the message names epoch, step and the first bad layer. */
public final class DivergedException extends Exception {

    private static final long serialVersionUID = 1L;

    DivergedException(String message) {
        super(message);
    }
}
