package vit.model.image;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.InputStream;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import org.junit.jupiter.api.Test;
import vit.model.golden.Golden;
import vit.model.weights.format.TensorEntry;
import vit.model.weights.format.TensorFile;

/** Resizing in float32 against PyTorch's own, and the preprocessing that uses it. */
class FloatResizeTest {

    private static final float SCALE = (float) (1 / 255.0);

    /**
     * PyTorch rounds as its compilers had it. With AVX-512, with which the cases were made, it fuses multiplication and addition in rows of 16 samples and
     * more; in shorter rows it sometimes does not. In the cubic kernel it fuses several steps.
     */
    @Test
    void equalsPyTorchsAntialiasedResize() throws Exception {
        double worst = 0;
        double worstCubic = 0;
        try (InputStream stream = FloatResizeTest.class.getResourceAsStream("float-resize.safetensors");
                TensorFile file = TensorFile.open("float-resize.safetensors", stream)) {
            for (TensorEntry entry : file.entries()) {
                String[] words = entry.name().split("\\."); // 23x31, to, 12x17, bilinear
                RgbImage image = pattern(side(words[0], 0), side(words[0], 1));
                int height = side(words[2], 0);
                int width = side(words[2], 1);
                float[] found = FloatResize.window(image, SCALE, height, width, Filter.named(words[3].toUpperCase(Locale.ROOT)), 0, 0, height, width);
                float[] truth = Golden.floats(file, entry.name());
                double error = 0;
                for (int i = 0; i < found.length; i++) { // (H, W, 3) here, (3, H, W) there
                    error = Math.max(error, Math.abs(found[i] - truth[i % 3 * height * width + i / 3]) / 0x1p-24);
                }
                boolean cubic = words[3].equals("bicubic");
                assertTrue(error <= (cubic ? 6 : width >= 16 ? 0 : 1), entry.name() + ": " + error);
                worst = cubic ? worst : Math.max(worst, error);
                worstCubic = cubic ? Math.max(worstCubic, error) : worstCubic;
            }
            assertEquals(6, file.entries().size());
        }
        System.out.println("float32 resize: at most " + worst + " × 2^-24 from PyTorch, bicubic " + worstCubic + " × 2^-24");
    }

    @Test
    void aWindowEqualsThatPartOfTheWhole() {
        RgbImage image = pattern(23, 31);
        float[] whole = FloatResize.window(image, SCALE, 12, 17, Filter.BICUBIC, 0, 0, 12, 17);
        float[] part = FloatResize.window(image, SCALE, 12, 17, Filter.BICUBIC, 3, 5, 4, 6);
        for (int y = 0; y < 4; y++) {
            assertArrayEquals(Arrays.copyOfRange(whole, ((y + 3) * 17 + 5) * 3, ((y + 3) * 17 + 11) * 3), Arrays.copyOfRange(part, y * 18, y * 18 + 18));
        }
    }

    /** Samples lie between those that 8 bits can express, and differ from Pillow's by what it rounds away. */
    @Test
    void dinov3DoesNotRoundToEightBits() throws Exception {
        RgbImage image = pattern(50, 70);
        Preprocessing dinov3 = Preprocessing.named("dinov3");
        float[] exact = dinov3.apply(image, 16, 16);
        float[] rounded = Preprocessing.named("huggingface-mae").apply(image, 16, 16);
        List<Double> std = dinov3.normalization().std();
        int between = 0;
        for (int i = 0; i < exact.length; i++) {
            double difference = Math.abs(exact[i] - rounded[i]) * std.get(i / 256) * 255;
            assertTrue(difference <= 1.01, difference + " steps of 8 bits"); // half a step in each of two passes
            between += difference > 0.05 ? 1 : 0;
        }
        assertTrue(between > exact.length / 2, between + " of " + exact.length);
    }

    private static RgbImage pattern(int height, int width) {
        byte[] pixels = new byte[height * width * 3];
        for (int y = 0; y < height; y++) {
            for (int x = 0; x < width; x++) {
                for (int c = 0; c < 3; c++) {
                    pixels[(y * width + x) * 3 + c] = (byte) (y * 37 + x * 91 + c * 53 + y * x * (c + 1));
                }
            }
        }
        return new RgbImage(height, width, pixels);
    }

    private static int side(String size, int axis) {
        return Integer.parseInt(size.split("x")[axis]);
    }
}
