package vit.model.image;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.Arrays;
import java.util.List;
import net.jqwik.api.Arbitraries;
import net.jqwik.api.Arbitrary;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.Provide;
import net.jqwik.api.constraints.IntRange;
import org.junit.jupiter.api.Test;
import vit.model.InputException;

/** Every preset against the pipeline of the library that it is named after: sizes, crops, resizing and normalisation. */
class PreprocessingTest {

    @Test
    void equalsThePeersPipelinesBitForBit() throws Exception {
        GoldenTensors golden = GoldenTensors.read("pipelines.safetensors");
        int cases = 0;
        for (String name : golden.names()) {
            if (name.endsWith(".rgb")) {
                continue;
            }
            String image = name.substring(0, name.indexOf('.'));
            String preset = name.substring(name.indexOf('.') + 1);
            float[] actual = Preprocessing.named(preset).apply(golden.image(image + ".rgb"), 224, 224);
            assertArrayEquals(golden.get(name).f32(), actual, name);
            cases++;
        }
        System.out.println("preprocessing pipelines: " + cases + " cases equal, every float");
        assertEquals(6, cases);
    }

    @Property(tries = 300)
    void everyPresetFillsTheModelsView(@ForAll("presets") String preset, @ForAll @IntRange(min = 1, max = 80) int height,
            @ForAll @IntRange(min = 1, max = 80) int width, @ForAll @IntRange(min = 1, max = 48) int modelHeight,
            @ForAll @IntRange(min = 1, max = 48) int modelWidth, @ForAll long seed) throws Exception {
        float[] out = new float[3 * modelHeight * modelWidth + 7];
        Arrays.fill(out, Float.NaN);
        Preprocessing.named(preset).apply(ResampleTest.noise(height, width, seed), modelHeight, modelWidth, out, 3);
        for (int i = 0; i < out.length; i++) {
            boolean inside = i >= 3 && i < out.length - 4;
            assertEquals(inside, Float.isFinite(out[i]), "element " + i);
        }
    }

    @Property(tries = 300)
    void constantImageBecomesItsNormalisedColour(@ForAll("presets") String preset, @ForAll @IntRange(max = 255) int red,
            @ForAll @IntRange(max = 255) int green, @ForAll @IntRange(max = 255) int blue,
            @ForAll @IntRange(min = 1, max = 60) int height, @ForAll @IntRange(min = 1, max = 60) int width) throws Exception {
        byte[] pixels = new byte[height * width * 3];
        for (int i = 0; i < pixels.length; i += 3) {
            pixels[i] = (byte) red;
            pixels[i + 1] = (byte) green;
            pixels[i + 2] = (byte) blue;
        }
        Preprocessing preprocessing = Preprocessing.named(preset);
        float[] out = preprocessing.apply(new RgbImage(height, width, pixels), 16, 16);
        int[] colour = {red, green, blue};
        // The area method adds parts of pixels in float32 and cuts off the fraction, so its result may be one too low.
        int below = preset.equals("big_vision") ? 1 : 0;
        for (int i = 0; i < out.length; i++) {
            int c = i / 256;
            double scale = preprocessing.normalization().scale();
            double mean = preprocessing.normalization().mean().get(c);
            double std = preprocessing.normalization().std().get(c);
            double upper = (colour[c] * scale - mean) / std;
            double lower = ((colour[c] - below) * scale - mean) / std;
            double rounding = 0x1p-24 * Math.abs(upper) + 1e-12;
            if (preprocessing.convention() == Convention.HUGGING_FACE_FLOAT) { // at most 8 taps for each of two passes, each rounded once, and the weights
                rounding += 40 * 0x1p-24 / std;
            }
            assertTrue(out[i] <= upper + rounding && out[i] >= lower - rounding, out[i] + " is not " + upper);
        }
    }

    /** timm and Hugging Face compute in float32 and round three times: after scaling, after the subtraction and after the division. */
    @Test
    void normalisationIsWithinThePeersOwnRounding() {
        double worst = 0;
        for (Normalization n : List.of(Normalization.HALF, Normalization.IMAGENET, Normalization.CLIP)) {
            float[][] ours = n.table();
            for (int c = 0; c < 3; c++) {
                float mean = (float) (double) n.mean().get(c);
                float std = (float) (double) n.std().get(c);
                for (int sample = 0; sample < 256; sample++) {
                    float peer = (sample / 255f - mean) / std;
                    double error = Math.abs((double) ours[c][sample] - peer);
                    // x in [½, 1), the mean and their difference are off by 2⁻²⁵ each; std, the quotient and our result have a relative error of 2⁻²⁴ each.
                    double bound = 3 * 0x1p-25 / std + 3 * 0x1p-24 * Math.abs(peer);
                    assertTrue(error <= bound, error + " at " + sample);
                    worst = Math.max(worst, error);
                }
            }
        }
        System.out.println("normalisation: at most " + worst + " from the peers' float32 arithmetic");
    }

    @Provide
    Arbitrary<String> presets() {
        return Arbitraries.of(Preprocessing.names());
    }

    /** The size to which each preset resizes an image of 480×640 before it cuts. */
    @Test
    void presetsResizeAsTheirPeersDo() throws Exception {
        assertPlacement("huggingface-vit", 224, 224, 224, 0, 0);
        assertPlacement("timm-augreg", 224, 248, 330, 12, 53);
        assertPlacement("timm-augreg", 384, 384, 512, 0, 64);
        assertPlacement("timm-augreg-384", 224, 224, 298, 0, 37);
        assertPlacement("timm-deit", 224, 248, 330, 12, 53);
        assertPlacement("timm-miil", 224, 256, 341, 16, 58);
        assertPlacement("deit", 224, 256, 341, 16, 58);
        assertPlacement("clip", 336, 336, 448, 0, 56);
        assertPlacement("torchvision-b16-v1", 224, 256, 341, 16, 58);
        assertPlacement("torchvision-l16-v1", 224, 242, 322, 9, 49);
        assertPlacement("torchvision-swag-384", 384, 384, 512, 0, 64);
        assertPlacement("torchvision-swag-512", 512, 512, 682, 0, 85);
        assertPlacement("torchvision-swag-518", 518, 518, 690, 0, 86);
        assertPlacement("jax", 224, 224, 224, 0, 0);
        assertPlacement("big_vision", 224, 256, 341, 16, 58);
        assertPlacement("huggingface-clip", 224, 224, 298, 0, 37);
        assertPlacement("timm-clip", 224, 248, 330, 12, 53);
        assertPlacement("clipa", 224, 224, 224, 0, 0);
        assertPlacement("dinov2", 224, 256, 341, 16, 58);
        assertPlacement("huggingface-dinov2", 224, 256, 341, 16, 58);
        assertPlacement("timm-dinov2", 518, 518, 690, 0, 86);
        assertPlacement("siglip", 384, 384, 384, 0, 0);
        assertPlacement("siglip2", 256, 256, 256, 0, 0);
        assertPlacement("big_vision-siglip", 224, 224, 224, 0, 0);
        assertPlacement("timm-siglip", 384, 426, 568, 21, 92);
        assertPlacement("huggingface-deit", 224, 256, 256, 16, 16);
        assertPlacement("huggingface-deit", 384, 438, 438, 27, 27);
        assertPlacement("huggingface-mae", 224, 224, 224, 0, 0);
        assertPlacement("beit", 224, 224, 224, 0, 0);
        assertPlacement("dinov3", 224, 224, 224, 0, 0);
        assertPlacement("timm-dinov3", 256, 256, 341, 0, 42);
        assertPlacement("eva02", 224, 248, 330, 12, 53);
        assertPlacement("eva02-448-in22k", 448, 448, 448, 0, 0);
        assertPlacement("huggingface-hybrid", 384, 384, 512, 0, 64);
        assertPlacement("timm-registers", 256, 269, 358, 6, 51);
    }

    private static void assertPlacement(String preset, int model, int height, int width, int top, int left) throws Exception {
        RgbImage image = new RgbImage(480, 640, new byte[480 * 640 * 3]);
        assertEquals(new Placement(height, width, top, left), Placement.of(Preprocessing.named(preset), image, model, model), preset);
    }

    /** big_vision's {@code resize} casts the result of {@code tf.image.resize} back to 8 bits, and {@code value_range(-1, 1)} follows. */
    @Property(tries = 100)
    void siglipsSamplesAreThoseOfJaxWithoutTheirFractions(@ForAll long seed, @ForAll @IntRange(min = 1, max = 60) int height, @ForAll @IntRange(min = 1, max = 60) int width)
            throws Exception {
        byte[] pixels = new byte[height * width * 3];
        new java.util.Random(seed).nextBytes(pixels);
        RgbImage image = new RgbImage(height, width, pixels);
        float[] whole = Preprocessing.named("big_vision-siglip").apply(image, 16, 24);
        float[] fractions = Preprocessing.named("jax").apply(image, 16, 24);
        for (int i = 0; i < whole.length; i++) {
            double sample = fractions[i] * 127.5 + 127.5;
            double below = sample - (whole[i] + 1) * 127.5;
            assertTrue(below > -1e-4 && below < 1 + 1e-4, sample + " became " + (whole[i] + 1) * 127.5);
            assertEquals(Math.rint((whole[i] + 1) * 127.5), (whole[i] + 1) * 127.5, 1e-4);
        }
    }

    /** If a crop begins at half a pixel, torchvision rounds to the even side; Hugging Face and big_vision cut the half off. */
    @Test
    void cropsRoundAsTheirPeersDo() {
        assertEquals(58, Convention.TORCH.cropStart(341, 224)); // 58.5
        assertEquals(60, Convention.TORCH.cropStart(343, 224)); // 59.5
        assertEquals(58, Convention.HUGGING_FACE.cropStart(341, 224));
        assertEquals(59, Convention.HUGGING_FACE.cropStart(343, 224));
        assertEquals(59, Convention.TENSORFLOW.cropStart(343, 224));
        assertEquals(-1, Convention.TORCH.cropStart(5, 8));
        assertEquals(-2, Convention.HUGGING_FACE.cropStart(5, 8));
    }

    @Test
    void familiesHaveTheirDefaults() {
        assertEquals("huggingface-vit", Preprocessing.forFamily("huggingface").name());
        assertEquals("huggingface-vit", Preprocessing.forFamily("Hugging Face").name());
        assertEquals("timm-augreg", Preprocessing.forFamily("timm").name());
        assertEquals("torchvision-b16-v1", Preprocessing.forFamily("torchvision").name());
        assertEquals("jax", Preprocessing.forFamily("jax npz").name());
        assertEquals("timm-augreg", Preprocessing.forFamily("vit-pytorch ViT").name());
        assertEquals("clip", Preprocessing.forFamily("openclip").name());
        assertEquals("huggingface-clip", Preprocessing.forFamily("huggingface-clip").name());
        assertEquals("siglip", Preprocessing.forFamily("huggingface-siglip").name());
        assertEquals("huggingface-dinov2", Preprocessing.forFamily("huggingface-dinov2-registers").name());
        assertEquals("dinov3", Preprocessing.forFamily("huggingface-dinov3").name());
        assertEquals("beit", Preprocessing.forFamily("huggingface-beit").name());
        assertEquals("dinov2", Preprocessing.forFamily("dino").name());
        assertEquals("huggingface-deit", Presets.forModel("deit", "huggingface-v5").name());
        assertEquals("timm-augreg", Presets.forModel("deit", "timm").name());
        assertEquals("huggingface-vit", Presets.forModel("vit", "huggingface").name());
    }

    @Test
    void unknownNameListsThePresets() {
        InputException e = assertThrows(InputException.class, () -> Preprocessing.named("timm"));
        for (String name : Preprocessing.names()) {
            assertTrue(e.getMessage().contains(name), e.getMessage());
        }
    }

    @Test
    void borderModePadsWithTheMean() throws Exception {
        Preprocessing border = new Preprocessing("border", Fit.INSIDE, 0, 0, 1, 0, 0, Filter.BICUBIC, Convention.TORCH,
                Normalization.HALF);
        byte[] pixels = new byte[10 * 20 * 3]; // black, which is normalised to −1
        float[] out = border.apply(new RgbImage(10, 20, pixels), 8, 8);
        float mean = (float) ((128 / 255.0 - 0.5) / 0.5);
        float[] column = new float[8];
        for (int y = 0; y < 8; y++) {
            column[y] = out[y * 8];
        }
        assertArrayEquals(new float[] {mean, mean, -1, -1, -1, -1, mean, mean}, column);
    }

    @Test
    void tooNarrowImageIsRefusedByName() {
        RgbImage thread = new RgbImage("thread.png", 1, 1 << 20, new byte[3 << 20]);
        InputException e = assertThrows(InputException.class, () -> Preprocessing.named("timm-augreg").apply(thread, 224, 224));
        assertTrue(e.getMessage().startsWith("thread.png: the image is too narrow"), e.getMessage());
    }

    @Test
    void longThreadsCostNoMoreThanTheirView() throws Exception {
        RgbImage thread = new RgbImage(1, 65535, new byte[65535 * 3]);
        assertEquals(3 * 224 * 224, Preprocessing.named("timm-augreg").apply(thread, 224, 224).length);
    }

    @Test
    void misuseIsRefused() throws Exception {
        RgbImage image = ResampleTest.noise(3, 3, 1);
        Preprocessing vit = Preprocessing.named("huggingface-vit");
        assertThrows(IllegalArgumentException.class, () -> vit.apply(image, 0, 4));
        assertThrows(IndexOutOfBoundsException.class, () -> vit.apply(image, 4, 4, new float[48], 1));
        assertThrows(IllegalArgumentException.class, () -> new Normalization(1, List.of(0.0), List.of(1.0)));
        assertThrows(IllegalArgumentException.class,
                () -> new Normalization(1, List.of(0.0, 0.0, 0.0), List.of(1.0, 0.0, 1.0)));
    }

    /** TensorFlow's bilinear resize is compared with its definition in double. Each of its three linear interpolations rounds a few times. */
    @Property(tries = 300)
    void tensorflowBilinearInterpolatesNeighbours(@ForAll @IntRange(min = 1, max = 40) int height,
            @ForAll @IntRange(min = 1, max = 40) int width, @ForAll @IntRange(min = 1, max = 40) int newHeight,
            @ForAll @IntRange(min = 1, max = 40) int newWidth, @ForAll long seed) {
        RgbImage image = ResampleTest.noise(height, width, seed);
        Placement placement = new Placement(newHeight, newWidth, 0, 0);
        float[] out = TensorflowResize.bilinear(image, placement, 0, 0, newHeight, newWidth);
        int at = 0;
        for (int y = 0; y < newHeight; y++) {
            for (int x = 0; x < newWidth; x++) {
                for (int c = 0; c < 3; c++) {
                    double exact = bilinear(image, (y + 0.5) * height / newHeight - 0.5, (x + 0.5) * width / newWidth - 0.5, c);
                    // A coordinate of up to 40 is off by a few ulp of 2⁻¹⁹; a pixel of the coordinate is worth up to 255.
                    assertEquals(exact, out[at++], 255 * 0x1p-17);
                }
            }
        }
    }

    private static double bilinear(RgbImage image, double y, double x, int c) {
        double sum = 0;
        for (int i = (int) Math.floor(y); i <= Math.floor(y) + 1; i++) {
            for (int j = (int) Math.floor(x); j <= Math.floor(x) + 1; j++) {
                double weight = (1 - Math.abs(y - i)) * (1 - Math.abs(x - j));
                sum += weight * image.sample(Math.clamp(i, 0, image.height() - 1), Math.clamp(j, 0, image.width() - 1), c);
            }
        }
        return sum;
    }

    /** The area method is compared with the exact mean of the covered part. It cuts off the fraction, so it may be up to one too low. */
    @Property(tries = 300)
    void tensorflowAreaIsTheMeanOfWhatIsCovered(@ForAll @IntRange(min = 1, max = 30) int height,
            @ForAll @IntRange(min = 1, max = 30) int width, @ForAll @IntRange(min = 1, max = 30) int newHeight,
            @ForAll @IntRange(min = 1, max = 30) int newWidth, @ForAll long seed) {
        RgbImage image = ResampleTest.noise(height, width, seed);
        Placement placement = new Placement(newHeight, newWidth, 0, 0);
        RgbImage out = TensorflowResize.area(image, placement, 0, 0, newHeight, newWidth);
        for (int y = 0; y < newHeight; y++) {
            for (int x = 0; x < newWidth; x++) {
                for (int c = 0; c < 3; c++) {
                    double sum = 0;
                    for (int i = 0; i < height; i++) {
                        for (int j = 0; j < width; j++) {
                            sum += image.sample(i, j, c) * overlap(i, y, (double) height / newHeight) * overlap(j, x, (double) width / newWidth);
                        }
                    }
                    double exact = sum / ((double) height / newHeight * width / newWidth);
                    double error = out.sample(y, x, c) - exact;
                    assertTrue(error < 0.01 && error > -1.01, "off by " + error);
                }
            }
        }
    }

    private static double overlap(int old, int fresh, double scale) {
        return Math.max(0, Math.min(old + 1, (fresh + 1) * scale) - Math.max(old, fresh * scale));
    }
}
