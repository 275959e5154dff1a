package vit.model.train.data;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;

import java.util.List;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import vit.model.image.RgbImage;

/** A split into training and validation is stratified, depends only on its seed, and loses no image. */
class SplitTest {

    /** A source with {@code counts} images of each class, in mixed order. */
    private record Counted(int... counts) implements ImageSource {
        @Override
        public int size() {
            return IntStream.of(counts).sum();
        }

        @Override
        public List<String> classes() {
            return IntStream.range(0, counts.length).mapToObj(String::valueOf).toList();
        }

        @Override
        public int label(int index) {
            int place = (index * 7 + 3) % size(); // a permutation, because 7 divides no size that is used here
            int label = 0;
            while (place >= counts[label]) {
                place -= counts[label++];
            }
            return label;
        }

        @Override
        public RgbImage image(int index) {
            return new RgbImage(1, 1, new byte[] {(byte) index, (byte) (index >> 8), 0});
        }
    }

    private static int[] counts(ImageSource images) {
        int[] counts = new int[images.classes().size()];
        for (int i = 0; i < images.size(); i++) {
            counts[images.label(i)]++;
        }
        return counts;
    }

    private static List<Integer> identities(ImageSource images) throws Exception {
        java.util.ArrayList<Integer> found = new java.util.ArrayList<>();
        for (int i = 0; i < images.size(); i++) {
            RgbImage image = images.image(i);
            found.add(image.sample(0, 0, 0) | image.sample(0, 0, 1) << 8);
        }
        return found;
    }

    @Test
    void splitIsStratifiedAndRoundsEveryClass() {
        Split split = Split.stratified(new Counted(100, 40, 10, 1), 0.25, 0);
        assertArrayEquals(new int[] {25, 10, 3, 0}, counts(split.validation()));
        assertArrayEquals(new int[] {75, 30, 7, 1}, counts(split.training()));
        assertArrayEquals(new int[] {1, 1}, counts(Split.stratified(new Counted(5, 5), 0.99, 0).training()), "one of every class stays");
        assertEquals(0, Split.stratified(new Counted(5, 5), 0, 0).validation().size());
    }

    @Test
    void splitIsSeededAndLosesNothing() throws Exception {
        Counted images = new Counted(100, 40, 10, 1);
        Split split = Split.stratified(images, 0.25, 4);
        assertEquals(identities(split.validation()), identities(Split.stratified(images, 0.25, 4).validation()));
        assertFalse(identities(split.validation()).equals(identities(Split.stratified(images, 0.25, 5).validation())));
        java.util.TreeSet<Integer> all = new java.util.TreeSet<>(identities(split.training()));
        all.addAll(identities(split.validation()));
        assertEquals(151, all.size());
        assertEquals(151, split.training().size() + split.validation().size());
    }

    @Test
    void fractionsOutOfRangeAreRefused() {
        for (double fraction : new double[] {-0.1, 1, Double.NaN}) {
            assertThrows(IllegalArgumentException.class, () -> Split.stratified(new Counted(3, 3), fraction, 0));
        }
    }
}
