package vit.model.train.data;

import java.io.IOException;
import java.util.Arrays;
import java.util.List;
import java.util.stream.IntStream;
import vit.model.image.RgbImage;
import vit.model.train.augment.CounterRandom;
import vit.model.train.augment.CounterRandom.Purpose;

/**
 * Images to train on and images to validate with.
 *
 * @param training   at least one image
 * @param validation images of the same classes; may be empty
 */
public record Split(ImageSource training, ImageSource validation) {

    public Split {
        if (training.size() == 0) {
            throw new IllegalArgumentException("there are no images to train on");
        }
        if (!training.classes().equals(validation.classes())) {
            throw new IllegalArgumentException("training and validation images differ in their classes: " + training.classes() + " and "
                    + validation.classes());
        }
    }

    /** All images for training, none for validation. */
    public static Split all(ImageSource images) {
        return new Split(images, new Subset(images, new int[0]));
    }

    /**
     * Holds out {@code fraction} of every class, rounded to the nearest number of images, but leaves at least one image of every class to train on.
     * The choice depends only on the seed; both parts keep the order of the source.
     *
     * @param fraction in [0, 1)
     */
    public static Split stratified(ImageSource images, double fraction, long seed) {
        if (!(fraction >= 0 && fraction < 1)) {
            throw new IllegalArgumentException("validation fraction " + fraction + "; expected 0 to below 1");
        }
        boolean[] held = new boolean[images.size()];
        for (int label = 0; label < images.classes().size(); label++) {
            int wanted = label;
            int[] members = IntStream.range(0, images.size()).filter(i -> images.label(i) == wanted).toArray();
            new CounterRandom(seed, Purpose.SPLIT, 0, label).shuffle(members);
            int count = (int) Math.min(Math.round(members.length * fraction), members.length - 1L);
            for (int i = 0; i < count; i++) {
                held[members[i]] = true;
            }
        }
        return new Split(new Subset(images, IntStream.range(0, held.length).filter(i -> !held[i]).toArray()),
                new Subset(images, IntStream.range(0, held.length).filter(i -> held[i]).toArray()));
    }

    /** The classes, which both parts share. */
    public List<String> classes() {
        return training.classes();
    }

    /** Some images of a source. */
    record Subset(ImageSource images, int[] indices) implements ImageSource {
        @Override
        public int size() {
            return indices.length;
        }

        @Override
        public List<String> classes() {
            return images.classes();
        }

        @Override
        public int label(int index) {
            return images.label(indices[index]);
        }

        @Override
        public RgbImage image(int index) throws IOException {
            return images.image(indices[index]);
        }

        @Override
        public boolean hasAlpha(int index) {
            return images.hasAlpha(indices[index]);
        }

        @Override
        public boolean equals(Object other) {
            return other instanceof Subset that && images.equals(that.images) && Arrays.equals(indices, that.indices);
        }

        @Override
        public int hashCode() {
            return 31 * images.hashCode() + Arrays.hashCode(indices);
        }
    }
}
