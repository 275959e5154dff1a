package vit.model;

/**
 * Thrown when a result is NaN or infinite: always by {@link VitSession#classify}, {@link VitSession#attention} and
 * {@link VitSession#embed(vit.model.image.RgbImage)}, and by the other calls of a session with {@link SessionOptions#withFiniteCheck}. The message names
 * the image and the first stage of the pass whose tokens are not finite. The session can be used further.
 */
public final class NonFiniteException extends ArithmeticException {

    private static final long serialVersionUID = 1;

    private final int image;
    private final String stage;
    private final String reason;

    /**
     * @param images number of images in the call
     * @param reason begins with the stage's name
     */
    NonFiniteException(int image, int images, String stage, String reason) {
        super(images == 1 ? reason : "image " + image + " of " + images + ": " + reason);
        this.image = image;
        this.stage = stage;
        this.reason = reason;
    }

    /** The first image of the call whose result is not finite, counted from 0. */
    public int image() {
        return image;
    }

    /**
     * The first stage that is not finite: {@code images}, the input of the model; {@code stage.tokens}, the tokens after the position embedding;
     * {@code stage.block.<i>}, the tokens after block i; {@code embedding}, the input of the head; {@code logits}; or
     * {@code patches}, the patch tokens of {@link Features}.
     */
    public String stage() {
        return stage;
    }

    /** The message without the image's number: the stage, the value found there, and whether a weight of that stage is itself not finite. */
    public String reason() {
        return reason;
    }
}
