package vit.model.shapes;

import java.util.List;
import vit.model.image.RgbImage;
import vit.model.train.data.ImageSource;

/**
 * Drawn images to train on. They are different in every epoch and become harder from epoch to epoch at the beginning: a model that first learns a
 * little from easy images escapes the long plateau at chance.
 *
 * @param seed       different seeds give different images
 * @param side       pixels
 * @param size       images per epoch
 * @param difficulty the final difficulty, see {@link ShapeImages}
 * @param ramp       epochs until it is reached; 1: from the first one on
 * @param mixed      whether every other image is easier than that, by any amount, because a model that sees only hard images forgets plain ones
 */
public record ShapeSource(long seed, int side, int size, double difficulty, int ramp, boolean mixed) implements ImageSource {

    private static final double GOLDEN_RATIO = 0.6180339887498949;

    public ShapeSource {
        new ShapeImages(seed, side, difficulty); // checks them
        if (size < 1 || ramp < 1) {
            throw new IllegalArgumentException(size + " images an epoch, ramp over " + ramp + " epochs; expected 1 or more");
        }
    }

    @Override
    public List<String> classes() {
        return ShapeKind.labels();
    }

    @Override
    public int label(int index) {
        return index % ShapeKind.values().length;
    }

    @Override
    public RgbImage image(int index) {
        return image(0, index);
    }

    @Override
    public boolean isFreshEveryEpoch() {
        return true;
    }

    @Override
    public RgbImage image(int epoch, int index) {
        int classes = ShapeKind.values().length;
        long first = (long) epoch * ((size + classes - 1) / classes * classes); // so that the class depends only on the index
        double reached = difficulty * Math.min(1, (epoch + 1.0) / ramp);
        long round = (first + index) / classes;
        if (mixed && round % 2 == 0) {
            reached *= round * GOLDEN_RATIO % 1; // evenly spread over [0, 1)
        }
        return new ShapeImages(seed, side, reached).image(first + index).image();
    }
}
