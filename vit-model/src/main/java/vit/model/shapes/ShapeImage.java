package vit.model.shapes;

import java.util.Objects;
import vit.model.image.RgbImage;

/**
 * A drawn image and its class.
 *
 * @param image the pixels
 * @param kind  what it shows
 */
public record ShapeImage(RgbImage image, ShapeKind kind) {

    public ShapeImage {
        Objects.requireNonNull(image, "image");
        Objects.requireNonNull(kind, "kind");
    }

    /** The number of its class. */
    public int label() {
        return kind.ordinal();
    }
}
