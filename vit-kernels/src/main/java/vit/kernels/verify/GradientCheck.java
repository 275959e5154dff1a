package vit.kernels.verify;

import java.util.Arrays;
import java.util.HashSet;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import java.util.function.DoubleSupplier;

/**
 * The gradient checks of one operation's reference at many shapes. Each gradient is compared with central differences ({@link Gradients}). The loss
 * and the backward pass are each computed twice and must give the same bits. At the end, at least {@value #LEAST_SHAPES} different shapes must have
 * been checked. A check belongs to one thread at a time.
 */
public final class GradientCheck {

    private static final int LEAST_SHAPES = 20;

    private final String name;
    private final Set<List<Object>> shapes = new HashSet<>();
    private double worst;

    /** A check whose messages begin with {@code name}. */
    public GradientCheck(String name) {
        this.name = name;
    }

    /**
     * Runs {@code backward}, which fills or adds to {@code gradients}, twice from the same state: both runs must leave the
     * same bits.
     *
     * @throws AssertionError if they differ
     */
    public void backward(Runnable backward, double[]... gradients) {
        double[][] before = copy(gradients);
        backward.run();
        double[][] first = copy(gradients);
        for (int i = 0; i < gradients.length; i++) {
            System.arraycopy(before[i], 0, gradients[i], 0, before[i].length);
        }
        backward.run();
        for (int i = 0; i < gradients.length; i++) {
            require(Arrays.equals(first[i], gradients[i]), name + ": gradient " + i + " differs when computed again");
        }
    }

    private static double[][] copy(double[][] arrays) {
        double[][] copies = new double[arrays.length][];
        for (int i = 0; i < arrays.length; i++) {
            copies[i] = arrays[i].clone();
        }
        return copies;
    }

    /**
     * Checks that {@code dx} is the gradient of {@code loss}, which reads {@code x} at every call.
     *
     * @param of what the gradient belongs to, for the message
     * @throws AssertionError if a central difference contradicts it, or if the loss differs from call to call
     */
    public void gradient(String of, double[] x, double[] dx, DoubleSupplier loss) {
        double value = loss.getAsDouble();
        require(value == loss.getAsDouble(), name + ": the loss " + value + " differs when computed again");
        require(dx.length == x.length, name + " " + of + ": " + dx.length + " gradients of " + x.length + " elements");
        worst = Math.max(worst, Gradients.check(name + " " + of, x, dx, loss));
    }

    /** Records that these dimensions, and whatever else distinguishes this case from others, have passed. */
    public void passed(Object... shape) {
        shapes.add(List.of(shape));
    }

    /** Prints the worst error in one line. Fails if too few shapes were checked. */
    public void print() {
        require(shapes.size() >= LEAST_SHAPES, name + ": only " + shapes.size() + " different shapes were checked");
        System.out.printf(Locale.ROOT, "gradient check, %s: %d shapes, worst error %.3f of its tolerance%n",
                name, shapes.size(), worst);
    }

    private static void require(boolean holds, String message) {
        if (!holds) {
            throw new AssertionError(message);
        }
    }
}
