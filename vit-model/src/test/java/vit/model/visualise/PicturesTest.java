package vit.model.visualise;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.util.List;
import java.util.Random;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;
import org.junit.jupiter.api.Test;
import vit.model.VitConfig;
import vit.model.image.Preprocessing;
import vit.model.image.RgbImage;

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

    @Test
    void overlayIsBrightWhereAttentionIs() {
        Picture image = Picture.of(24, 16, (x, y) -> 0x808080);
        Picture overlay = Pictures.overlay(image, new PatchMap(3, 2, new double[] {0, 0, 0, 0, 0, 1}));
        int scale = 384 / 24;
        assertEquals(24 * scale + 8, overlay.height());
        assertEquals(3 * (16 * scale + 4) + 4, overlay.width());
        int second = 4 + (16 * scale + 4);
        assertEquals(0x808080, overlay.at(4 + 5, 4 + 5), "the image itself");
        assertTrue((overlay.at(second + 5, 4 + 5) & 0xFF) < 0x10, "dark where nothing looks");
        assertEquals(0x808080, overlay.at(second + 16 * scale - 5, 4 + 24 * scale - 5), "as it is where everything looks");
    }

    @Test
    void positionsAreAGridOfGrids() {
        double[] similarity = new double[36];
        for (int i = 0; i < 6; i++) {
            similarity[i * 6 + i] = 1;
        }
        Picture picture = Pictures.positions(CONFIG, similarity);
        int cell = 96 / 3; // pixels of a patch in a cell of 3 × 2 patches
        assertEquals(3 * (3 * cell + 4) + 4, picture.height());
        assertEquals(2 * (2 * cell + 4) + 4, picture.width());
        int left = 4 + 2 * cell + 4; // of patch 3: row 1, column 1
        int top = 4 + 3 * cell + 4;
        assertEquals(0xFDE725, picture.at(left + cell + 1, top + cell + 1), "most similar to itself");
        assertEquals(0x440154, picture.at(left + 1, top + 1));
        assertEquals(0xFFFFFF, picture.at(1, 1), "white lines between");
    }

    @Test
    void filtersAreShownAboutMiddleGrey() {
        double[] filter = new double[2 * 3 * 4];
        filter[1 * 4 + 2] = -0.5; // green, row 1, column 0
        filter[12] = 1;
        Picture picture = Pictures.filters(new PatchFilters(filter, 2, 3, 2));
        assertEquals(0x800080, picture.at(4 + 1, 4 + 95));
        assertEquals(0x808080, picture.at(4 + 95, 4 + 95));
        assertEquals(0xFF8080, picture.at(4 + 96 + 4 + 1, 4 + 1));
    }
}
