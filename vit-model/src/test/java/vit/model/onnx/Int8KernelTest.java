package vit.model.onnx;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;

/** Weights as int8: every element is the nearest multiple of its output's scale. */
class Int8KernelTest {

    private static final int OUT = 7;
    private static final int IN = 33;

    @Test
    void everyElementIsTheNearestMultipleOfItsScale() {
        SplittableRandom random = new SplittableRandom(1);
        float[] weight = new float[OUT * IN + 5]; // longer than the weight, as the exporter's array is
        for (int o = 0; o < OUT; o++) {
            for (int i = 0; i < IN; i++) {
                weight[o * IN + i] = (float) ((random.nextDouble() - 0.5) * Math.pow(10, o - 3));
            }
        }
        Int8Kernel kernel = Int8Kernel.of(weight, OUT, IN);
        for (int o = 0; o < OUT; o++) {
            int largest = 0;
            for (int i = 0; i < IN; i++) {
                int q = kernel.elements()[i * OUT + o];
                largest = Math.max(largest, Math.abs(q));
                double error = Math.abs(weight[o * IN + i] - (double) kernel.scales()[o] * q);
                assertTrue(error <= 0.500001 * kernel.scales()[o], "output " + o + ", input " + i + ": " + error / kernel.scales()[o] + " steps");
            }
            assertEquals(127, largest, "the largest magnitude of output " + o);
        }
    }

    @Test
    void halvesAreRoundedToEven() {
        Int8Kernel kernel = Int8Kernel.of(new float[] {127, 0.5f, 1.5f, -2.5f, -127}, 1, 5);
        assertArrayEquals(new byte[] {127, 0, 2, -2, -127}, kernel.elements());
        assertArrayEquals(new float[] {1}, kernel.scales());
    }

    @Test
    void anOutputOfZerosStaysZero() {
        Int8Kernel kernel = Int8Kernel.of(new float[] {0, -0f, 3, 4}, 2, 2);
        assertArrayEquals(new byte[] {0, 95, 0, 127}, kernel.elements()); // 3 / (4 / 127) = 95.25
        assertEquals(1, kernel.scales()[0]);
    }

    /** What is not finite must show in the results. */
    @Test
    void whatIsNotFiniteStaysSo() {
        assertTrue(Float.isNaN(Int8Kernel.of(new float[] {1, Float.NaN}, 1, 2).scales()[0]));
        assertTrue(Float.isInfinite(Int8Kernel.of(new float[] {1, Float.NEGATIVE_INFINITY}, 1, 2).scales()[0]));
    }
}
