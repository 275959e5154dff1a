package vit.model.image;

/** How an image is brought near the size that the model takes. */
public enum Fit {
    /** Both sides to their targets; the aspect ratio is lost. */
    SQUASH,
    /** The short side to its target, the long side in proportion; the centre is cut out. */
    SHORT_SIDE,
    /** The whole image inside the target; the rest is filled with the mean (timm's {@code border}). */
    INSIDE,
    /** Not resized. */
    NONE
}
