package vit.model.positions;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.util.Arrays;
import java.util.Map;
import java.util.TreeMap;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import vit.model.config.RotaryConfig;
import vit.model.config.RotaryConfig.Scheme;
import vit.model.image.GoldenTensors;

/**
 * Position tables of the plain ViTs that came after the first, against float64 tables that the families' own code made: learned ones at another size,
 * relative ones, and rotary ones.
 */
class FamilyPositionTablesTest {

    /** In double, a coordinate below 64 is off by 2⁻⁴⁷ at most. The slopes of a kernel's weights add up to at most 2, on each of two axes. */
    private static final double BOUND = 2 * 2 * 0x1p-47;

    private static final Map<String, PositionResampling> LEARNED = Map.of(
            "dinov2-hf", PositionResampling.HUGGING_FACE,
            "dinov2-registers-hf", PositionResampling.TIMM,
            "dinov2-fb", PositionResampling.DINO,
            "dinov2-registers-fb", PositionResampling.TIMM,
            "dino-fb", PositionResampling.DINO,
            "timm", PositionResampling.TIMM);

    private GoldenTensors golden;

    @BeforeEach
    void open() throws IOException {
        golden = GoldenTensors.read("families/images", "position-embeddings-families.safetensors");
    }

    @Test
    void learnedTablesEqualThePeers() {
        Pattern pattern = Pattern.compile("(\\d+\\.(\\d+)x(\\d+)\\.to\\.(\\d+)x(\\d+))\\.(.+)");
        Map<String, Double> worst = new TreeMap<>();
        for (String name : golden.names()) {
            Matcher m = pattern.matcher(name);
            if (m.matches() && LEARNED.containsKey(m.group(6))) {
                double[] in = golden.get(m.group(1) + ".in").elements();
                double[] actual = LEARNED.get(m.group(6)).resample(in, 1, number(m, 2), number(m, 3), number(m, 4), number(m, 5));
                worst.merge(m.group(6), error(golden.get(name).elements(), actual), Math::max);
            }
        }
        System.out.println("learned tables of the families, worst error relative to the largest: " + worst);
        assertEquals(LEARNED.size(), worst.size());
        worst.forEach((method, error) -> assertTrue(error <= BOUND, method + ": " + error));
    }

    /** Hugging Face's is compared as the bias of every query and key, timm's as the table. */
    @Test
    void relativeTablesEqualThePeers() {
        Pattern pattern = Pattern.compile("(relative\\.\\d+\\.(\\d+)x(\\d+)\\.to\\.(\\d+)x(\\d+))\\.beit-(.+)");
        int cases = 0;
        for (String name : golden.names()) {
            Matcher m = pattern.matcher(name);
            if (!m.matches()) {
                continue;
            }
            double[] in = golden.get(m.group(1) + ".in").elements();
            double[] truth = golden.get(name).elements();
            boolean geometric = m.group(6).equals("timm.table");
            RelativeResampling method = geometric ? RelativeResampling.GEOMETRIC : RelativeResampling.BILINEAR;
            double[] table = method.resample(in, number(m, 2), number(m, 3), number(m, 4), number(m, 5));
            double error = error(truth, geometric ? table : bias(table, number(m, 4), number(m, 5)));
            System.out.println(name + ": " + error);
            assertTrue(error <= BOUND, name + ": " + error);
            cases++;
        }
        assertEquals(4, cases);
    }

    @Test
    void relativeIndexEqualsThePeers() {
        double[] truth = golden.get("relative.index.3x5").elements();
        int[] index = RelativeIndex.of(3, 5);
        assertArrayEquals(truth, Arrays.stream(index).asDoubleStream().toArray());
    }

    @Test
    void rotaryTablesEqualThePeers() {
        Pattern pattern = Pattern.compile("rope\\.(eva02|dinov3)\\.head(\\d+)\\.(\\d+)x(\\d+)\\.(?:ref(\\d+)x(\\d+)|theta(\\d+))\\.(sin|cos)");
        int cases = 0;
        double worst = 0;
        for (String name : golden.names()) {
            Matcher m = pattern.matcher(name);
            if (!m.matches()) {
                continue;
            }
            RotaryConfig config = m.group(1).equals("eva02") ? new RotaryConfig(Scheme.EVA, 10000, number(m, 5), number(m, 6))
                    : new RotaryConfig(Scheme.DINOV3, number(m, 7), 1, 1);
            RotaryTables tables = RotaryTables.of(config, number(m, 3), number(m, 4), number(m, 2));
            float[] found = m.group(8).equals("sin") ? tables.sin() : tables.cos();
            double[] truth = golden.get(name).elements();
            assertEquals(truth.length, found.length, name);
            for (int i = 0; i < truth.length; i++) {
                worst = Math.max(worst, Math.abs(truth[i] - found[i]));
            }
            cases++;
        }
        System.out.println("rotary tables: at most " + worst + " from the peers' float64");
        assertEquals(12, cases);
        assertTrue(worst <= 0x1p-25 + 1e-12, "off by " + worst); // rounded to float32 once
    }

    @Test
    void sameGridKeepsARelativeTable() {
        float[] table = new float[RelativeIndex.rows(3, 5) * 2];
        for (int i = 0; i < table.length; i++) {
            table[i] = (i * 37 % 101) / 64f;
        }
        assertArrayEquals(table, RelativeResampling.BILINEAR.resample(table, 3, 5, 3, 5));
        for (RelativeResampling method : RelativeResampling.values()) {
            float[] other = method.resample(table, 3, 5, 4, 2);
            assertEquals(RelativeIndex.rows(4, 2) * 2, other.length);
            assertArrayEquals(Arrays.copyOfRange(table, table.length - 6, table.length), Arrays.copyOfRange(other, other.length - 6, other.length));
            assertThrows(IllegalArgumentException.class, () -> method.resample(table, 3, 4, 3, 3));
            assertThrows(IllegalArgumentException.class, () -> method.resample(table, 3, 5, 0, 3));
        }
    }

    /** (heads, T, T). */
    private static double[] bias(double[] table, int height, int width) {
        int[] index = RelativeIndex.of(height, width);
        int heads = table.length / RelativeIndex.rows(height, width);
        double[] bias = new double[heads * index.length];
        for (int h = 0; h < heads; h++) {
            for (int i = 0; i < index.length; i++) {
                bias[h * index.length + i] = table[index[i] * heads + h];
            }
        }
        return bias;
    }

    private static double error(double[] truth, double[] actual) {
        assertEquals(truth.length, actual.length);
        double scale = 0;
        double error = 0;
        for (int i = 0; i < truth.length; i++) {
            scale = Math.max(scale, Math.abs(truth[i]));
            error = Math.max(error, Math.abs(truth[i] - actual[i]));
        }
        return error / scale;
    }

    private static int number(Matcher m, int group) {
        return Integer.parseInt(m.group(group));
    }
}
