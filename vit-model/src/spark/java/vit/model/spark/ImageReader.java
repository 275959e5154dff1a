package vit.model.spark;

import java.io.Serializable;
import vit.model.InputException;
import vit.model.image.RgbImage;

/**
 * Finds the image of an element of a partition. It is called by several threads at the same time, so it changes nothing.
 *
 * @param <T> the elements
 */
@FunctionalInterface
public interface ImageReader<T> extends Serializable {

    /**
     * The decoded image of {@code element}.
     *
     * @throws InputException if there is none that this library reads; it becomes the element's {@link ImageAnswer#error}
     */
    RgbImage image(T element) throws InputException;
}
