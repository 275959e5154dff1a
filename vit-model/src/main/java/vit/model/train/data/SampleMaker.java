package vit.model.train.data;

import java.io.IOException;
import vit.model.config.VitConfig;
import vit.model.image.Preprocessing;
import vit.model.image.RgbImage;
import vit.model.train.augment.Augmentation;
import vit.model.train.augment.CounterRandom;
import vit.model.train.augment.CounterRandom.Purpose;

/**
 * Makes the model's input of an image. Immutable; any number of threads may call.
 *
 * @param images        where images come from
 * @param config        the model, which gives the size
 * @param preprocessing how images are resized and normalised
 * @param augmentation  the random changes
 * @param seed          of these random changes
 */
public record SampleMaker(ImageSource images, VitConfig config, Preprocessing preprocessing, Augmentation augmentation, long seed) {

    /** Writes image {@code index} as it is in {@code epoch}: (3, H, W). */
    public void make(int epoch, int index, float[] target, int offset) throws IOException {
        RgbImage image = images.image(epoch, index);
        int height = config.imageHeight();
        int width = config.imageWidth();
        if (augmentation.equals(Augmentation.NONE)) {
            preprocessing.apply(image, height, width, target, offset);
            return;
        }
        CounterRandom random = new CounterRandom(seed, Purpose.AUGMENT, epoch, index);
        preprocessing.normalize(augmentation.apply(image, preprocessing, height, width, random), target, offset);
        augmentation.erase(target, offset, height, width, random);
    }

    /** The number of floats that {@link #make} writes: 3·H·W. */
    public int imageElements() {
        return RgbImage.CHANNELS * config.imageHeight() * config.imageWidth();
    }
}
