package vit.model.train.augment;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.Arrays;
import java.util.Random;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;
import org.junit.jupiter.api.Test;
import vit.model.InputException;
import vit.model.config.VitConfig;
import vit.model.image.Preprocessing;
import vit.model.image.RgbImage;
import vit.model.train.Recipes;
import vit.model.train.Stripes;
import vit.model.train.TrainerTest;
import vit.model.train.augment.CounterRandom.Purpose;
import vit.model.train.data.SampleMaker;

/**
 * Random changes of images keep size and content as their definitions say, depend only on seed, epoch and index, and have the documented
 * distributions.
 */
class AugmentationTest {

    private static RgbImage image(int height, int width, long seed) {
        byte[] pixels = new byte[height * width * RgbImage.CHANNELS];
        new Random(seed).nextBytes(pixels);
        return new RgbImage(height, width, pixels);
    }

    private static CounterRandom random(long seed) {
        return new CounterRandom(seed, Purpose.AUGMENT, 1, 2);
    }

    @Property(tries = 60)
    void everyPresetGivesTheModelsSizeAndRepeatsItself(@ForAll @IntRange(min = 1, max = 70) int height, @ForAll @IntRange(min = 1, max = 70) int width,
            @ForAll long seed) throws InputException {
        RgbImage image = image(height, width, seed);
        Preprocessing preprocessing = Preprocessing.named("huggingface-vit");
        byte[] before = image.pixels().clone();
        for (String name : Augmentation.names()) {
            RgbImage seen = Augmentation.named(name).apply(image, preprocessing, 12, 20, random(seed));
            assertEquals(12, seen.height());
            assertEquals(20, seen.width());
            assertArrayEquals(seen.pixels(), Augmentation.named(name).apply(image, preprocessing, 12, 20, random(seed)).pixels(), name);
        }
        assertArrayEquals(before, image.pixels(), "the image itself stays");
    }

    @Property(tries = 40)
    void everyOperationKeepsTheSizeAndTheImage(@ForAll @IntRange(min = 1, max = 9) int height, @ForAll @IntRange(min = 1, max = 9) int width,
            @ForAll @IntRange(min = 0, max = 10) int magnitude, @ForAll long seed) {
        RgbImage image = image(height, width, seed);
        byte[] before = image.pixels().clone();
        for (ImageOperation operation : ImageOperation.ALL) {
            RgbImage changed = operation.apply(image, magnitude, random(seed));
            assertEquals(height, changed.height());
            assertEquals(width, changed.width());
            assertArrayEquals(changed.pixels(), operation.apply(image, magnitude, random(seed)).pixels(), operation::name);
        }
        assertArrayEquals(before, image.pixels());
    }

    @Test
    void operationsDoWhatTheirNamesSay() {
        RgbImage grey = new RgbImage(1, 4, new byte[] {10, 10, 10, 60, 60, 60, (byte) 150, (byte) 150, (byte) 150, (byte) 250, (byte) 250, (byte) 250});
        assertReds(new int[] {245, 195, 105, 5}, ImageOperation.INVERT.apply(grey, 5, random(0)));
        assertReds(new int[] {0, 53, 148, 255}, ImageOperation.AUTO_CONTRAST.apply(grey, 5, random(0)));
        assertReds(new int[] {10, 60, 150, 5}, ImageOperation.SOLARIZE.apply(grey, 3, random(0))); // from 256 − 76 = 180 on, samples are inverted
        assertReds(new int[] {65, 115, 150, 250}, ImageOperation.SOLARIZE_ADD.apply(grey, 5, random(0)));
        assertReds(new int[] {0, 0, 128, 192}, ImageOperation.POSTERIZE.apply(grey, 5, random(0))); // two bits are kept
        assertReds(new int[] {10, 60, 150, 250}, ImageOperation.BRIGHTNESS.apply(grey, 0, random(0)));
        int bright = ImageOperation.BRIGHTNESS.apply(grey, 10, random(0)).sample(0, 1, 0);
        assertTrue(bright == 113 || bright == 114 || bright == 6, "60 · 1.9 or 60 · 0.1, not " + bright);
        assertReds(new int[] {10, 60, 150, 250}, ImageOperation.COLOUR.apply(grey, 10, random(0))); // grey has no colour
    }

    private static void assertReds(int[] expected, RgbImage image) {
        assertArrayEquals(expected, java.util.stream.IntStream.range(0, image.width()).map(x -> image.sample(0, x, 0)).toArray());
    }

    @Test
    void mapsOfThePlaneDoWhatTheirNamesSay() {
        RgbImage image = image(5, 5, 3);
        assertArrayEquals(image.pixels(), Affine.IDENTITY.apply(image).pixels());
        RgbImage moved = Affine.shift(1, 2).apply(image);
        assertEquals(image.sample(1, 2, 1), moved.sample(3, 3, 1));
        RgbImage turned = Affine.rotation(90).apply(image); // counter-clockwise: the right column becomes the top row
        assertEquals(image.sample(1, 4, 0), turned.sample(0, 1, 0));
        RgbImage back = Affine.rotation(-90).apply(turned);
        assertArrayEquals(image.pixels(), back.pixels());
        RgbImage twice = Affine.shift(1, 0).after(Affine.shift(0, 2)).apply(image);
        assertArrayEquals(moved.pixels(), twice.pixels());
        assertEquals(image.sample(2, 1, 2), Affine.scale(2).apply(image).sample(2, 0, 2)); // the pixel two columns from the centre shows the one that was one column away
        assertArrayEquals(image.pixels(), Augmentation.mirrored(Augmentation.mirrored(image)).pixels());
        assertEquals(image.sample(1, 0, 2), Augmentation.mirrored(image).sample(1, 4, 2));
    }

    @Test
    void aRandomPartIsAPartOfTheImage() throws InputException {
        int height = 40;
        int width = 60;
        byte[] pixels = new byte[height * width * RgbImage.CHANNELS];
        for (int i = 0; i < height * width; i++) {
            pixels[i * 3] = (byte) (i % width * 4);
            pixels[i * 3 + 1] = (byte) (i / width * 6);
        }
        RgbImage image = new RgbImage(height, width, pixels);
        double smallest = 1;
        double largest = 0;
        for (int seed = 0; seed < 300; seed++) {
            RgbImage part = new Augmentation("part", 0.25, 0, 0, 0, 0, 0, 0, 0).apply(image, Preprocessing.named("huggingface-vit"), 8, 8, random(seed));
            double columns = (part.sample(4, 7, 0) - part.sample(4, 0, 0)) / 4.0 * 8 / 7;
            double rows = (part.sample(7, 4, 1) - part.sample(0, 4, 1)) / 6.0 * 8 / 7;
            double area = columns * rows / (height * width);
            smallest = Math.min(smallest, area);
            largest = Math.max(largest, area);
            double ratio = columns / rows;
            assertTrue(ratio > 0.6 && ratio < 1.7, "sides 3:4 to 4:3, not " + ratio);
        }
        assertTrue(smallest > 0.2 && smallest < 0.35, "smallest " + smallest);
        assertTrue(largest > 0.8 && largest < 1.1, "largest " + largest);
    }

    @Test
    void erasingHasItsProbabilityAndLeavesTheRest() {
        Augmentation erasing = Augmentation.NONE.withErasing(0.25);
        int erased = 0;
        for (int seed = 0; seed < 400; seed++) {
            float[] samples = new float[3 * 16 * 16 + 2];
            Arrays.fill(samples, 77);
            erasing.erase(samples, 1, 16, 16, random(seed));
            assertEquals(77, samples[0]);
            assertEquals(77, samples[samples.length - 1]);
            int changed = 0;
            for (float sample : samples) {
                changed += sample == 77 ? 0 : 1;
            }
            if (changed > 0) {
                erased++;
                assertTrue(changed >= 3 * 2 && changed <= 3 * 100, "of 256 pixels " + changed / 3);
            }
        }
        assertEquals(100, erased, 4 * Math.sqrt(400 * 0.25 * 0.75), "a quarter");
    }

    @Test
    void samplesDependOnSeedEpochAndIndexAlone() throws Exception {
        VitConfig config = TrainerTest.CONFIG;
        Augmentation all = TrainerTest.RECIPE.augmentation();
        SampleMaker maker = new SampleMaker(new Stripes(10, 12, 1), config, TrainerTest.preprocessing(), all, 5);
        float[] first = new float[maker.imageElements()];
        maker.make(2, 3, first, 0);
        float[] other = first.clone();
        maker.make(2, 4, other, 0);
        assertFalse(Arrays.equals(first, other));
        maker.make(2, 3, other, 0);
        assertArrayEquals(first, other);
        maker.make(3, 3, other, 0);
        assertFalse(Arrays.equals(first, other));
        new SampleMaker(new Stripes(10, 12, 1), config, TrainerTest.preprocessing(), all, 6).make(2, 3, other, 0);
        assertFalse(Arrays.equals(first, other));
    }

    @Property(tries = 50)
    void mixingKeepsTargetsDistributionsAndPixelsBetweenTheirSources(@ForAll @IntRange(min = 1, max = 6) int n, @ForAll long seed,
            @ForAll boolean mixup, @ForAll boolean cutmix) {
        Mixing mixing = new Mixing(mixup ? 0.8 : 0, cutmix || !mixup ? 1 : 0);
        int elements = 3 * 5 * 7;
        float[] images = new float[n * elements];
        float[] targets = new float[n * 4];
        for (int b = 0; b < n; b++) {
            Arrays.fill(images, b * elements, (b + 1) * elements, b);
            targets[b * 4 + b % 4] = 1;
        }
        mixing.apply(images, targets, n, 3, 5, 7, 4, random(seed));
        for (int b = 0; b < n; b++) {
            int partner = n - 1 - b;
            double sum = 0;
            for (int c = 0; c < 4; c++) {
                sum += targets[b * 4 + c];
            }
            assertEquals(1, sum, 1e-6);
            double mean = 0;
            for (int i = b * elements; i < (b + 1) * elements; i++) {
                assertTrue(images[i] >= Math.min(b, partner) - 1e-5 && images[i] <= Math.max(b, partner) + 1e-5);
                mean += images[i] / elements;
            }
            if (b % 4 != partner % 4) { // the pixels are mixed in the same shares as the targets
                double own = targets[b * 4 + b % 4];
                assertEquals(own * b + (1 - own) * partner, mean, 1e-4);
            }
        }
    }

    @Test
    void betaHasItsMoments() {
        for (double alpha : new double[] {0.2, 0.8, 1, 5}) {
            CounterRandom random = random(9);
            double sum = 0;
            double squares = 0;
            int n = 20_000;
            for (int i = 0; i < n; i++) {
                double x = random.beta(alpha);
                assertTrue(x >= 0 && x <= 1);
                sum += x;
                squares += (x - 0.5) * (x - 0.5);
            }
            double variance = 1 / (4 * (2 * alpha + 1));
            assertEquals(0.5, sum / n, 5 * Math.sqrt(variance / n));
            assertEquals(variance, squares / n, 0.03 * variance);
        }
    }

    @Test
    void randomNumbersOfDifferentPurposesAndPlacesDiffer() {
        assertNotEquals(new CounterRandom(1, Purpose.AUGMENT, 1, 2).uniform(), new CounterRandom(1, Purpose.MIX, 1, 2).uniform());
        assertNotEquals(new CounterRandom(1, Purpose.AUGMENT, 1, 2).uniform(), new CounterRandom(1, Purpose.AUGMENT, 2, 1).uniform());
        assertNotEquals(new CounterRandom(1, Purpose.AUGMENT, 1, 2).uniform(), new CounterRandom(2, Purpose.AUGMENT, 1, 2).uniform());
    }

    @Test
    void shuffleIsFairEnough() {
        int[] counts = new int[24];
        for (int seed = 0; seed < 4800; seed++) {
            int[] values = {0, 1, 2, 3};
            random(seed).shuffle(values);
            counts[values[0] * 6 + (values[1] > values[0] ? values[1] - 1 : values[1]) * 2 + (values[2] > values[3] ? 1 : 0)]++;
        }
        for (int count : counts) {
            assertEquals(200, count, 75, "each order about equally often");
        }
    }

    @Test
    void impossibleSettingsAreRefused() {
        assertThrows(IllegalArgumentException.class, () -> Augmentation.NONE.withErasing(1.5));
        assertThrows(IllegalArgumentException.class, () -> Augmentation.NONE.withFlip(Double.NaN));
        assertThrows(InputException.class, () -> Augmentation.named("heavy"));
        assertThrows(IllegalArgumentException.class, () -> new Mixing(-1, 0));
        assertThrows(InputException.class, () -> Recipes.named("magic"));
    }
}
