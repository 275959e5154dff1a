package vit.model.shapes;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.awt.geom.Area;
import java.util.Arrays;
import java.util.HashSet;
import java.util.Set;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.DoubleRange;
import net.jqwik.api.constraints.IntRange;
import org.junit.jupiter.api.Test;

/** Drawn images depend only on their numbers, show the shape of their class, and are not easy for a linear classifier. */
class ShapeImagesTest {

    @Property(tries = 200)
    void sameNumbersGiveTheSameImageOfTheExpectedClass(@ForAll long seed, @ForAll @IntRange(min = 0) int index,
            @ForAll @IntRange(min = 16, max = 70) int side, @ForAll @DoubleRange(min = 0, max = 1) double difficulty) {
        ShapeImage image = new ShapeImages(seed, side, difficulty).image(index);
        assertArrayEquals(image.image().pixels(), new ShapeImages(seed, side, difficulty).image(index).image().pixels());
        assertEquals(index % 12, image.label());
        assertEquals(side, image.image().height());
        assertEquals(side, image.image().width());
        assertFalse(Arrays.equals(image.image().pixels(), new ShapeImages(seed + 1, side, difficulty).image(index).image().pixels()));
        assertFalse(Arrays.equals(image.image().pixels(), new ShapeImages(seed, side, difficulty).image(index + 12L).image().pixels()));
    }

    @Test
    void thereAreTwelveLabelledClassesOfDifferentOutlines() {
        assertEquals(12, new HashSet<>(ShapeKind.labels()).size());
        Set<Double> areas = new HashSet<>();
        for (ShapeKind kind : ShapeKind.values()) {
            assertTrue(kind.outline().getBounds2D().getWidth() <= 2.01 && kind.outline().getBounds2D().getHeight() <= 2.01, kind.label());
            areas.add(area(kind));
        }
        assertEquals(12, areas.size());
    }

    private static double area(ShapeKind kind) {
        Area area = new Area(kind.outline());
        int inside = 0;
        for (int y = -100; y < 100; y++) {
            for (int x = -100; x < 100; x++) {
                inside += area.contains(x / 100.0, y / 100.0) ? 1 : 0;
            }
        }
        return inside / 1e4;
    }

    @Test
    void shapeStandsOutFromAPlainBackground() {
        ShapeImages plain = new ShapeImages(5, 48, 0);
        for (int i = 0; i < 120; i++) {
            byte[] pixels = plain.image(i).image().pixels();
            int different = 0;
            for (int p = 0; p < pixels.length; p += 3) {
                int distance = 0;
                for (int c = 0; c < 3; c++) {
                    distance += Math.abs((pixels[p + c] & 0xFF) - (pixels[c] & 0xFF)); // the distance from the colour of the corner
                }
                different += distance > 60 ? 1 : 0;
            }
            double share = (double) different / (48 * 48);
            assertTrue(share > 0.08 && share < 0.7, ShapeKind.values()[i % 12].label() + " covers " + share);
        }
    }

    @Test
    void sourceDrawsNewImagesOfTheSameClassInEveryEpoch() {
        ShapeSource source = new ShapeSource(3, 24, 30, 1, 4, true);
        Set<String> seen = new HashSet<>();
        for (int epoch = 0; epoch < 5; epoch++) {
            for (int i = 0; i < 30; i++) {
                assertTrue(source.image(epoch, i).source().startsWith(source.classes().get(source.label(i))), "epoch " + epoch + ", image " + i);
                assertTrue(seen.add(Arrays.toString(source.image(epoch, i).pixels())), "epoch " + epoch + ", image " + i);
            }
        }
        assertArrayEquals(source.image(2, 7).pixels(), new ShapeSource(3, 24, 30, 1, 4, true).image(2, 7).pixels());
        assertArrayEquals(source.image(7).pixels(), source.image(0, 7).pixels());
    }

    @Test
    void linearClassifierOfPixelsFails() {
        LinearClassifier linear = LinearClassifier.train(new ShapeImages(1, 32), 2400, 6, 2e-3);
        double accuracy = linear.accuracy(new ShapeImages(2, 32), 600);
        System.out.printf("logistic regression on pixels: accuracy %.3f on fresh images%n", accuracy);
        assertTrue(accuracy < 0.25, () -> "accuracy " + accuracy);
    }

    @Test
    void impossibleNumbersAreRefused() {
        assertThrows(IllegalArgumentException.class, () -> new ShapeImages(1, 15));
        assertThrows(IllegalArgumentException.class, () -> new ShapeImages(1, 32, 1.1));
        assertThrows(IllegalArgumentException.class, () -> new ShapeImages(1, 32, Double.NaN));
        assertThrows(IllegalArgumentException.class, () -> new ShapeSource(1, 32, 0, 1, 1, true));
        assertThrows(IllegalArgumentException.class, () -> new ShapeSource(1, 32, 12, 1, 0, true));
    }
}
