package vit.model;

/**
 * A result is NaN or infinite. Thrown by {@link VitSession#classify}, {@link VitSession#attention}, and by all calls of a session that
 * {@link SessionOptions#withFiniteCheck} asks to look. The session can be used further.
 */
public final class NonFiniteException extends ArithmeticException {

    private static final long serialVersionUID = 1;

    private final int image;
    private final String stage;
    private final String reason;

    /**
     * @param images of the call
     * @param reason begins with the stage's name
     */
    NonFiniteException(int image, int images, String stage, String reason) {
        super(images == 1 ? reason : "image " + image + " of " + images + ": " + reason);
        this.image = image;
        this.stage = stage;
        this.reason = reason;
    }

    /** Which image of the call, from 0; the first whose result is not finite. */
    public int image() {
        return image;
    }

    /**
     * The first stage that is not finite: {@code images}, what the model was given; {@code stage.tokens}, after the position embedding;
     * {@code stage.block.<i>}, after block i; {@code embedding}, what the head sees; {@code logits}.
     */
    public String stage() {
        return stage;
    }

    /** The message without the image's number: the stage, the number found, and whether a weight of that stage is itself not finite. */
    public String reason() {
        return reason;
    }
}
