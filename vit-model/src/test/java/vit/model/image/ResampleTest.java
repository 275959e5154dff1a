package vit.model.image;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertThrows;

import java.util.Arrays;
import java.util.Locale;
import java.util.Random;
import net.jqwik.api.Assume;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;
import org.junit.jupiter.api.Test;

/** Resampling equals Pillow bit for bit on the reference cases, and has the properties of resampling on random images. */
public class ResampleTest {

    private static final int SIDE = 40;

    @Test
    void equalsPillowBitForBit() throws Exception {
        GoldenTensors golden = GoldenTensors.read("pillow-resize.safetensors");
        int cases = 0;
        for (String name : golden.names()) {
            if (!name.endsWith(".in")) {
                continue;
            }
            String stem = name.substring(0, name.length() - ".in".length());
            RgbImage expected = golden.image(stem + ".out");
            Filter filter = Filter.valueOf(stem.substring(stem.lastIndexOf('.') + 1).toUpperCase(Locale.ROOT));
            RgbImage actual = Resample.resize(golden.image(name), expected.height(), expected.width(), filter);
            assertArrayEquals(expected.pixels(), actual.pixels(), stem);
            cases++;
        }
        System.out.println("Pillow's resize: " + cases + " cases equal, every byte");
        assertEquals(10, cases);
    }

    @Property
    void constantImageStaysConstant(@ForAll Filter filter, @ForAll byte value, @ForAll @IntRange(min = 1, max = SIDE) int height,
            @ForAll @IntRange(min = 1, max = SIDE) int width, @ForAll @IntRange(min = 1, max = SIDE) int newHeight,
            @ForAll @IntRange(min = 1, max = SIDE) int newWidth) {
        byte[] pixels = new byte[height * width * 3];
        Arrays.fill(pixels, value);
        RgbImage out = Resample.resize(new RgbImage(height, width, pixels), newHeight, newWidth, filter);
        assertEquals(newHeight, out.height());
        assertEquals(newWidth, out.width());
        for (byte b : out.pixels()) {
            assertEquals(value, b);
        }
    }

    @Property
    void sameSizeIsTheIdentity(@ForAll Filter filter, @ForAll @IntRange(min = 1, max = SIDE) int height,
            @ForAll @IntRange(min = 1, max = SIDE) int width, @ForAll long seed) {
        RgbImage image = noise(height, width, seed);
        assertSame(image, Resample.resize(image, height, width, filter));
    }

    @Property
    void windowIsThePartOfTheWhole(@ForAll Filter filter, @ForAll @IntRange(min = 1, max = SIDE) int height,
            @ForAll @IntRange(min = 1, max = SIDE) int width, @ForAll @IntRange(min = 1, max = SIDE) int newHeight,
            @ForAll @IntRange(min = 1, max = SIDE) int newWidth, @ForAll long seed) {
        Random random = new Random(seed);
        RgbImage image = noise(height, width, seed);
        int top = random.nextInt(newHeight);
        int left = random.nextInt(newWidth);
        int rows = 1 + random.nextInt(newHeight - top);
        int columns = 1 + random.nextInt(newWidth - left);
        RgbImage whole = Resample.resize(image, newHeight, newWidth, filter);
        RgbImage part = Resample.window(image, newHeight, newWidth, filter, top, left, rows, columns);
        assertArrayEquals(Resample.crop(whole, top, left, rows, columns).pixels(), part.pixels());
    }

    /**
     * Mirroring swaps which of two equally near pixels a rounded bound takes. The intervals of box and Lanczos are half-open. With whole
     * factors and symmetric filters there is no such choice.
     */
    @Property
    void mirroringCommutesWithWholeFactors(@ForAll @IntRange(min = 1, max = 6) int factor,
            @ForAll @IntRange(min = 1, max = 8) int newHeight, @ForAll @IntRange(min = 1, max = 8) int newWidth,
            @ForAll long seed) {
        RgbImage image = noise(newHeight * factor, newWidth * factor, seed);
        for (Filter filter : new Filter[] {Filter.BILINEAR, Filter.BICUBIC}) {
            RgbImage mirrored = mirror(Resample.resize(image, newHeight, newWidth, filter));
            assertArrayEquals(mirrored.pixels(), Resample.resize(mirror(image), newHeight, newWidth, filter).pixels());
        }
    }

    /**
     * The two passes differ only in their axis. They are compared one at a time, because the result of the first is rounded and so their order
     * matters.
     */
    @Property
    void transposingSwapsThePasses(@ForAll Filter filter, @ForAll @IntRange(min = 1, max = SIDE) int height,
            @ForAll @IntRange(min = 1, max = SIDE) int width, @ForAll @IntRange(min = 1, max = SIDE) int newWidth,
            @ForAll long seed) {
        RgbImage image = noise(height, width, seed);
        RgbImage horizontal = Resample.resize(image, height, newWidth, filter);
        RgbImage vertical = Resample.resize(transpose(image), newWidth, height, filter);
        assertArrayEquals(transpose(horizontal).pixels(), vertical.pixels());
    }

    /**
     * The result is compared with the definition in double: it is rounded once to 8 bits, and each weight is off by at most 2⁻²³. The box
     * filter is left to the reference cases, because it jumps at its edge, where the last bit of a coordinate decides.
     */
    @Property
    void staysNearTheExactConvolution(@ForAll Filter filter, @ForAll @IntRange(min = 1, max = SIDE) int width,
            @ForAll @IntRange(min = 1, max = SIDE) int newWidth, @ForAll long seed) {
        Assume.that(filter != Filter.BOX && filter != Filter.NEAREST);
        RgbImage image = noise(1, width, seed);
        RgbImage actual = Resample.resize(image, 1, newWidth, filter);
        double stretch = Math.max((double) width / newWidth, 1);
        double bound = 0.5 + width * 255 * 0x1p-23;
        for (int x = 0; x < newWidth; x++) {
            double centre = (x + 0.5) * width / newWidth;
            for (int c = 0; c < 3; c++) {
                double sum = 0;
                double weights = 0;
                for (int i = 0; i < width; i++) {
                    double weight = filter.weight((i + 0.5 - centre) / stretch);
                    sum += weight * image.sample(0, i, c);
                    weights += weight;
                }
                double exact = Math.clamp(sum / weights, 0, 255);
                assertEquals(exact, actual.sample(0, x, c), bound, filter + " at " + x);
            }
        }
    }

    /** Of ten columns, Pillow's {@code resize(…, NEAREST)} takes these. */
    @Test
    void nearestTakesOnePixelWhole() {
        RgbImage image = noise(3, 10, 5);
        int[] columns = {1, 3, 6, 8};
        RgbImage small = Resample.resize(image, 6, 4, Filter.NEAREST);
        for (int y = 0; y < 6; y++) {
            for (int x = 0; x < 4; x++) {
                for (int c = 0; c < RgbImage.CHANNELS; c++) {
                    assertEquals(image.pixels()[(y / 2 * 10 + columns[x]) * 3 + c], small.pixels()[(y * 4 + x) * 3 + c]);
                }
            }
        }
    }

    @Test
    void refusesImpossibleSizes() {
        RgbImage image = noise(4, 5, 1);
        assertThrows(IllegalArgumentException.class, () -> Resample.resize(image, 0, 3, Filter.BOX));
        assertThrows(IndexOutOfBoundsException.class, () -> Resample.window(image, 8, 8, Filter.BOX, 4, 4, 5, 4));
        assertThrows(IllegalArgumentException.class, () -> new RgbImage(2, 2, new byte[11]));
        assertThrows(IllegalArgumentException.class, () -> new RgbImage(0, 2, new byte[0]));
    }

    public static RgbImage noise(int height, int width, long seed) {
        byte[] pixels = new byte[height * width * 3];
        new Random(seed).nextBytes(pixels);
        return new RgbImage(height, width, pixels);
    }

    private static RgbImage mirror(RgbImage image) {
        byte[] out = new byte[image.pixels().length];
        for (int y = 0; y < image.height(); y++) {
            for (int x = 0; x < image.width(); x++) {
                for (int c = 0; c < 3; c++) {
                    out[(y * image.width() + image.width() - 1 - x) * 3 + c] = (byte) image.sample(y, x, c);
                }
            }
        }
        return new RgbImage(image.height(), image.width(), out);
    }

    private static RgbImage transpose(RgbImage image) {
        byte[] out = new byte[image.pixels().length];
        for (int y = 0; y < image.height(); y++) {
            for (int x = 0; x < image.width(); x++) {
                for (int c = 0; c < 3; c++) {
                    out[(x * image.height() + y) * 3 + c] = (byte) image.sample(y, x, c);
                }
            }
        }
        return new RgbImage(image.width(), image.height(), out);
    }
}
