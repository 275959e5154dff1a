package vit.model.train.data;

import java.io.IOException;
import vit.model.config.VitConfig;
import vit.model.image.Preprocessing;
import vit.model.image.RgbImage;
import vit.model.train.augment.Augmentation;
import vit.model.train.augment.CounterRandom;
import vit.model.train.augment.CounterRandom.Purpose;

/**
 * Makes what the model sees of an image. Immutable; any number of threads may call.
 *
 * @param images        where images come from
 * @param config        gives the size
 * @param preprocessing gives resizing and normalisation
 * @param augmentation  what is done at random
 * @param seed          of that
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

    public int imageElements() {
        return RgbImage.CHANNELS * config.imageHeight() * config.imageWidth();
    }
}
