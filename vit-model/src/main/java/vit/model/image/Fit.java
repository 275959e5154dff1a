package vit.model.image;

/** How an image is resized towards the size that the model takes. */
public enum Fit {
    /** Both sides are resized to their targets; the aspect ratio is lost. */
    SQUASH,
    /** The short side is resized to its target and the long side in proportion; then the centre is cropped. */
    SHORT_SIDE,
    /** The whole image is resized to fit inside the target; the rest is filled with the mean (timm's {@code border}). */
    INSIDE,
    /** Not resized. */
    NONE
}
