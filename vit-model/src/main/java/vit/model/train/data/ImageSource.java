package vit.model.train.data;

import java.io.IOException;
import java.util.List;
import vit.model.image.RgbImage;

/**
 * Labelled images to train on: files, or pictures that a program draws. {@link #image} is called by several threads at once and must give the same
 * image for the same index every time; otherwise training cannot be repeated.
 */
public interface ImageSource {

    /** The number of images. */
    int size();

    /** The name of every class. */
    List<String> classes();

    /** The class of image {@code index}, 0 to classes − 1. */
    int label(int index);

    /**
     * Image {@code index}, of any size.
     *
     * @throws vit.model.InputException naming the image, if it cannot be used
     */
    RgbImage image(int index) throws IOException;

    /** Whether {@link #image(int, int)} gives different images in different epochs. Such images are not cached. */
    default boolean isFreshEveryEpoch() {
        return false;
    }

    /**
     * Image {@code index} as it is in this epoch: a source that draws its images may give another image of the same class in every epoch, but always
     * the same one for the same epoch and index.
     *
     * @param epoch from 0; validation asks for epoch 0
     */
    default RgbImage image(int epoch, int index) throws IOException {
        return image(index);
    }

    /** Whether image {@code index} has an alpha channel, which {@link #image} drops. */
    default boolean hasAlpha(int index) {
        return false;
    }
}
