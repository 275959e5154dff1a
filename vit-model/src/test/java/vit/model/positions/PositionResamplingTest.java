package vit.model.positions;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Random;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;
import org.junit.jupiter.api.Test;
import vit.model.image.GoldenTensors;
import vit.model.weights.format.Dtype;

/** Position embeddings are carried over to another grid as each family's own code does it, to the precision of that code. */
class PositionResamplingTest {

    private static final Map<String, PositionResampling> PEERS = Map.of(
            "timm", PositionResampling.TIMM,
            "huggingface", PositionResampling.HUGGING_FACE,
            "timm-npz", PositionResampling.TIMM_NPZ,
            "torchvision", PositionResampling.TORCHVISION,
            "jax", PositionResampling.JAX);

    @Test
    void equalsThePeersMethods() throws Exception {
        GoldenTensors golden = GoldenTensors.read("position-embeddings.safetensors");
        Pattern pattern = Pattern.compile("(\\d+\\.(\\d+)x(\\d+)\\.to\\.(\\d+)x(\\d+))\\.(.+)");
        Map<String, Double> worst = new LinkedHashMap<>();
        for (String name : golden.names()) {
            Matcher m = pattern.matcher(name);
            if (!m.matches() || m.group(6).equals("in")) {
                continue;
            }
            double[] in = golden.get(m.group(1) + ".in").elements();
            double[] expected = golden.get(name).elements();
            double[] actual = PEERS.get(m.group(6)).resample(in, 1, number(m, 2), number(m, 3), number(m, 4), number(m, 5));
            assertEquals(expected.length, actual.length, name);
            double scale = 0;
            double error = 0;
            for (int i = 0; i < expected.length; i++) {
                scale = Math.max(scale, Math.abs(expected[i]));
                error = Math.max(error, Math.abs(expected[i] - actual[i]));
            }
            worst.merge(m.group(6), error / scale, Math::max);
            // Code in float64 differs from ours only in the order of a dozen operations. timm's method runs in float32, where a coordinate below
            // 16 is off by 2⁻²⁰. The slopes of the kernel's four weights add up to at most 2, which multiplies that error on each of two axes.
            double bound = golden.get(name).type() == Dtype.F32 ? 2 * 2 * 0x1p-20 : 64 * 0x1p-53;
            assertTrue(error / scale <= bound, name + ": " + error / scale);
        }
        System.out.println("position embeddings, worst error relative to the largest: " + worst);
        assertEquals(PEERS.size(), worst.size());
    }

    private static int number(Matcher m, int group) {
        return Integer.parseInt(m.group(group));
    }

    /** But for DINO's method, which looks beside the centres of the patches; its library leaves a table of the same grid alone, and so do we. */
    @Property(tries = 300)
    void sameGridIsTheIdentity(@ForAll PositionResampling method, @ForAll @IntRange(max = 3) int prefix,
            @ForAll @IntRange(min = 1, max = 9) int height, @ForAll @IntRange(min = 1, max = 9) int width, @ForAll long seed) {
        float[] table = random(prefix + height * width, 5, seed);
        if (method != PositionResampling.DINO) {
            assertArrayEquals(table, method.resample(table, prefix, height, width, height, width));
        }
    }

    @Property(tries = 300)
    void constantStaysAndPrefixTokensStayAsTheyAre(@ForAll PositionResampling method, @ForAll @IntRange(max = 3) int prefix,
            @ForAll @IntRange(min = 1, max = 9) int height, @ForAll @IntRange(min = 1, max = 9) int width,
            @ForAll @IntRange(min = 1, max = 12) int newHeight, @ForAll @IntRange(min = 1, max = 12) int newWidth, @ForAll long seed) {
        float[] table = random(prefix + height * width, 2, seed);
        for (int i = prefix * 2; i < table.length; i++) {
            table[i] = 3 + i % 2;
        }
        float[] out = method.resample(table, prefix, height, width, newHeight, newWidth);
        assertEquals((prefix + newHeight * newWidth) * 2, out.length);
        for (int i = 0; i < out.length; i++) {
            assertEquals(i < prefix * 2 ? table[i] : 3 + i % 2, out[i]);
        }
    }

    @Property(tries = 300)
    void transposingTheGridTransposesTheResult(@ForAll PositionResampling method, @ForAll @IntRange(min = 1, max = 9) int height,
            @ForAll @IntRange(min = 1, max = 9) int width, @ForAll @IntRange(min = 1, max = 12) int newHeight,
            @ForAll @IntRange(min = 1, max = 12) int newWidth, @ForAll long seed) {
        float[] table = random(height * width, 3, seed);
        float[] out = method.resample(table, 0, height, width, newHeight, newWidth);
        float[] turned = method.resample(transpose(table, height, width), 0, width, height, newWidth, newHeight);
        float[] back = transpose(turned, newWidth, newHeight);
        for (int i = 0; i < out.length; i++) {
            assertEquals(out[i], back[i], 0x1p-20); // not equal, because the two passes change their order
        }
    }

    @Test
    void wrongShapesAreRefused() {
        assertThrows(IllegalArgumentException.class, () -> PositionResampling.TIMM.resample(new float[11], 1, 2, 2, 3, 3));
        assertThrows(IllegalArgumentException.class, () -> PositionResampling.TIMM.resample(new float[0], 1, 2, 2, 3, 3));
        assertThrows(IllegalArgumentException.class, () -> PositionResampling.TIMM.resample(new float[10], 1, 2, 2, 0, 3));
        assertThrows(IllegalArgumentException.class, () -> PositionResampling.TIMM.resample(new float[10], -1, 2, 2, 3, 3));
    }

    private static float[] random(int rows, int channels, long seed) {
        Random random = new Random(seed);
        float[] table = new float[rows * channels];
        for (int i = 0; i < table.length; i++) {
            table[i] = random.nextFloat(-1, 1);
        }
        return table;
    }

    private static float[] transpose(float[] table, int height, int width) {
        int channels = table.length / (height * width);
        float[] out = new float[table.length];
        for (int y = 0; y < height; y++) {
            for (int x = 0; x < width; x++) {
                System.arraycopy(table, (y * width + x) * channels, out, (x * height + y) * channels, channels);
            }
        }
        return out;
    }
}
