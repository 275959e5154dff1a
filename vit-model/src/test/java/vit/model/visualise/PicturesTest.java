package vit.model.visualise;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.util.List;
import java.util.Random;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;
import org.junit.jupiter.api.Test;
import vit.model.config.VitConfig;
import vit.model.image.Preprocessing;
import vit.model.image.RgbImage;
import vit.model.plot.ColourMap;
import vit.model.plot.Palette;
import vit.model.plot.Picture;

/** The pixels of the pictures that explain a model: maps, overlays, position similarities, filters and distances. */
class PicturesTest {

    private static final VitConfig CONFIG = VitConfig.builder().image(24, 16).patch(8).width(24).depth(2).heads(3).mlp(40).classes(7).build();

    @Test
    void normalisedMapsReachFromNoughtToOne() {
        assertArrayEquals(new double[] {0.5, 0, 1}, new PatchMap(1, 3, new double[] {3, 2, 4}).normalised().values());
        assertArrayEquals(new double[] {0, 0}, new PatchMap(2, 1, new double[] {7, 7}).normalised().values());
        assertThrows(IllegalArgumentException.class, () -> new PatchMap(2, 2, new double[3]));
    }

    @Property(tries = 100)
    void resizingKeepsAConstantAndStaysWithinTheRange(@ForAll @IntRange(min = 1, max = 5) int height, @ForAll @IntRange(min = 1, max = 5) int width,
            @ForAll @IntRange(min = 1, max = 20) int newHeight, @ForAll @IntRange(min = 1, max = 20) int newWidth, @ForAll long seed) {
        double[] values = new Random(seed).doubles((long) height * width, -1, 1).toArray();
        PatchMap resized = new PatchMap(height, width, values).resized(newHeight, newWidth);
        double least = java.util.Arrays.stream(values).min().orElseThrow();
        double most = java.util.Arrays.stream(values).max().orElseThrow();
        for (double value : resized.values()) {
            assertTrue(value >= least - 1e-12 && value <= most + 1e-12);
        }
        assertArrayEquals(values, new PatchMap(height, width, values).resized(height, width).values(), 1e-12);
    }

    @Test
    void resizingInterpolatesBetweenCentres() {
        assertArrayEquals(new double[] {0, 0.25, 0.75, 1}, new PatchMap(1, 2, new double[] {0, 1}).resized(1, 4).values(), 1e-12);
        assertArrayEquals(new double[] {0, 0.25, 0.75, 1}, new PatchMap(2, 1, new double[] {0, 1}).resized(4, 1).values(), 1e-12);
    }

    @Test
    void coloursInterpolateAndEndWhereTheyShould() {
        assertEquals(0x440154, ColourMap.VIRIDIS.of(-3));
        assertEquals(0xFDE725, ColourMap.VIRIDIS.of(1));
        assertEquals(0x804020, ColourMap.mix(0x000000, 0xFF8040, 0.5));
    }

    @Test
    void textHasTwoCharactersAPatch() {
        PatchMap map = new PatchMap(2, 3, new double[] {0, 0.3, 1, 0.99, 0.5, 0});
        assertEquals("  ░░██\n██▒▒\n", TextPicture.of(map));
    }

    @Test
    void whatTheModelSeesIsTheImageAgain() throws IOException {
        byte[] samples = new byte[24 * 16 * 3];
        new Random(1).nextBytes(samples);
        RgbImage image = new RgbImage(24, 16, samples);
        for (String name : List.of("huggingface-vit", "clip", "timm-deit", "jax")) {
            Preprocessing preprocessing = Preprocessing.named(name);
            float[] pixels = new float[3 * 24 * 16];
            for (int c = 0; c < 3; c++) {
                for (int i = 0; i < 24 * 16; i++) {
                    pixels[c * 24 * 16 + i] = (float) (((samples[3 * i + c] & 0xFF) * preprocessing.normalization().scale()
                            - preprocessing.normalization().mean().get(c)) / preprocessing.normalization().std().get(c));
                }
            }
            Picture seen = Pictures.seen(pixels, CONFIG, preprocessing.normalization());
            for (int y = 0; y < 24; y++) {
                for (int x = 0; x < 16; x++) {
                    assertEquals(image.sample(y, x, 0) << 16 | image.sample(y, x, 1) << 8 | image.sample(y, x, 2), seen.at(x, y), name);
                }
            }
        }
    }

    /** Whether a picture has an area of this colour, for example a patch of a map. */
    private static boolean has(Picture picture, int colour, int side) {
        for (int y = 0; y + side <= picture.height(); y++) {
            for (int x = 0; x + side <= picture.width(); x++) {
                if (picture.at(x, y) == colour && picture.at(x + side - 1, y) == colour && picture.at(x, y + side - 1) == colour
                        && picture.at(x + side - 1, y + side - 1) == colour && picture.at(x + side / 2, y + side / 2) == colour) {
                    return true;
                }
            }
        }
        return false;
    }

    @Test
    void rolloutIsBrightWhereAttentionIsAndCanBeReadWhereItIsNot() {
        Picture image = Picture.of(24, 16, (x, y) -> 0xFFFFFE);
        Picture rollout = Pictures.rollout(image, new PatchMap(3, 2, new double[] {0, 0, 0, 0, 0, 1}), CONFIG);
        assertTrue(rollout.height() > 384 && rollout.width() > 3 * 256, "three panels, the longer side 384");
        assertTrue(has(rollout, 0xFFFFFE, 250), "the image itself");
        assertTrue(has(rollout, 0x404040, 60), "a quarter of the brightness where nothing looks");
        assertEquals(2 * 256 + 6, widthOf(rollout, 0xFFFFFE), "as it is where everything looks: in the corner of the second panel");
    }

    /** The number of columns from the first to the last that has this colour. */
    private static int widthOf(Picture picture, int colour) {
        int first = -1;
        int last = -1;
        for (int x = 0; x < picture.width(); x++) {
            for (int y = 0; y < picture.height(); y++) {
                if (picture.at(x, y) == colour) {
                    first = first < 0 ? x : first;
                    last = x;
                }
            }
        }
        return last - first + 1;
    }

    @Test
    void smallAndLargeImagesAreShownAlike() {
        PatchMap map = new PatchMap(1, 1, new double[] {1});
        VitConfig one = VitConfig.builder().image(8, 8).patch(8).width(24).depth(1).heads(3).mlp(40).classes(7).build();
        int small = Pictures.rollout(Picture.of(8, 8, (x, y) -> x), map, one).width();
        assertEquals(small, Pictures.rollout(Picture.of(224, 224, (x, y) -> x), map, one).width());
        assertEquals(small, Pictures.rollout(Picture.of(384, 384, (x, y) -> x), map, one).width());
        assertTrue(Pictures.rollout(Picture.of(2000, 2000, (x, y) -> x), map, one).width() < 2200);
    }

    @Test
    void positionsAreAGridOfGridsWithTheirScale() {
        double[] similarity = new double[36];
        for (int i = 0; i < 6; i++) {
            similarity[i * 6 + i] = 1;
        }
        Picture picture = Pictures.positions(CONFIG, similarity);
        int patch = 96 / 3; // the side of a patch in pixels, where a cell shows 3 × 2 patches
        assertTrue(has(picture, 0xFDE725, patch), "most similar to itself");
        assertTrue(has(picture, 0x440154, patch));
        assertTrue(picture.height() > 3 * 3 * patch && picture.width() > 2 * 2 * patch);
    }

    @Test
    void manyPositionsStayAPictureOfModestSize() {
        VitConfig large = VitConfig.builder().image(37 * 14, 37 * 14).patch(14).width(24).depth(1).heads(3).mlp(40).classes(7).build();
        Picture picture = Pictures.positions(large, new double[37 * 37 * 37 * 37]);
        assertTrue(picture.width() < 1800 && picture.height() < 1800, picture.width() + " × " + picture.height());
    }

    @Test
    void filtersAreShownAboutMiddleGrey() {
        double[] filter = new double[2 * 3 * 4];
        filter[1 * 4 + 2] = -0.5; // green, row 1, column 0
        filter[12] = 1;
        Picture picture = FilterSheet.draw(new PatchFilters(filter, 2, 3, 2, new double[] {0.6, 0.4}, 0.1));
        for (int colour : new int[] {0x800080, 0x808080, 0xFF8080}) {
            assertTrue(has(picture, colour, 48), Integer.toHexString(colour));
        }
        Picture noise = FilterSheet.draw(new PatchFilters(filter, 2, 3, 2, new double[] {0.6, 0.4}, 0.7));
        for (int colour : new int[] {0x800080, 0x808080, 0xFF8080}) {
            assertFalse(has(noise, colour, 40), "noise is not shown");
        }
    }

    @Test
    void distanceHasALegendAndOnlyBlocksThatThereAre() {
        VitConfig config = VitConfig.builder().image(32, 32).patch(8).width(24).depth(2).heads(3).mlp(40).classes(7).build();
        Picture picture = DistanceChart.draw(new double[][] {{4, 8, 12}, {6, 10, 12}}, config);
        assertTrue(has(picture, Palette.VERMILION, 1) && has(picture, Palette.ORANGE, 3), "the even distance, the mean of the heads");
    }
}
