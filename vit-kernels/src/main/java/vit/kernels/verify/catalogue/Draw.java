package vit.kernels.verify.catalogue;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import vit.kernels.gemm.PackedMatrix;
import vit.kernels.parallel.Workers;
import vit.kernels.tensor.Tensor;
import vit.kernels.tensor.TensorArena;
import vit.kernels.verify.GuardedTensor;
import vit.kernels.verify.Values;

/**
 * Decides the sizes, the layout and the values of a call. There are two kinds of draw. The published one gives every kernel the sizes that its recipe
 * names and values that depend on the kernel's name alone, so that its outputs have the same bits on every machine and stay the same when other
 * kernels join the catalogue. A random one is decided by a seed: sizes around the vector widths, offsets off alignment, gaps between rows and guards
 * around every tensor.
 */
public final class Draw {

    private static final int LANES = 16; // of a reduction, and of the widest vector
    private static final int[] WIDTHS_OF_MODELS = {192, 197, 384, 767, 768, 773};

    private final TensorArena arena;
    private final Random random;
    private final boolean published;
    private final int mostThreads;
    private final int gap;
    private final List<GuardedTensor> guarded = new ArrayList<>();

    /** A class of values, with which a random draw fills a tensor. */
    @FunctionalInterface
    interface Fill {
        void of(GuardedTensor tensor, Random random);
    }

    private static final Fill ORDINARY = (tensor, random) -> Values.ORDINARY.fill(tensor.tensor(), random);

    private Draw(TensorArena arena, long seed, boolean published, int mostThreads) {
        this.arena = arena;
        this.random = new Random(seed);
        this.published = published;
        this.mostThreads = mostThreads;
        this.gap = published ? 0 : random.nextInt(18);
    }

    /** The published draw of a kernel, for teams of at most {@code mostThreads}. */
    public static Draw published(TensorArena arena, Kernel kernel, int mostThreads) {
        return new Draw(arena, seed(kernel), true, mostThreads);
    }

    /** A random draw for a kernel. The seed and the number of the case decide everything in it. */
    public static Draw random(TensorArena arena, Kernel kernel, long seed, long number, int mostThreads) {
        return new Draw(arena, seed * 31 + seed(kernel) + number * 0x9e37_79b9_7f4a_7c15L, false, mostThreads);
    }

    /** A hash of the name that is well spread. {@link String#hashCode} is specified, so it is the same everywhere. */
    private static long seed(Kernel kernel) {
        return kernel.name().hashCode() * 0x9e37_79b9_7f4a_7c15L;
    }

    /** Where tensors live that are neither drawn nor compared. */
    TensorArena arena() {
        return arena;
    }

    /** What decides. Only such methods of it may serve whose results are specified for every JDK: {@code nextInt(bound)}, but no range. */
    Random random() {
        return random;
    }

    /** The largest team that will run the call. */
    int mostThreads() {
        return mostThreads;
    }

    /** A number from {@code least} to {@code most}. */
    private int between(int least, int most) {
        return least + random.nextInt(most - least + 1);
    }

    /** Numbers from 0 to below {@code bound}. */
    int[] indices(int n, int bound) {
        int[] indices = new int[n];
        Arrays.setAll(indices, i -> random.nextInt(bound));
        return indices;
    }

    /** {@code published} in the published draw, and otherwise a number from {@code least} to {@code most}. */
    int size(int published, int least, int most) {
        return this.published ? published : between(least, most);
    }

    /** The length of a row: {@code published}, or every remainder at every vector width, a few blocks, and the widths of models and their neighbours. */
    int columns(int published) {
        if (this.published) {
            return published;
        }
        int kind = random.nextInt(9);
        return kind < 6 ? between(1, 2 * LANES + 1)
                : kind < 8 ? between(2 * LANES + 2, 130) : WIDTHS_OF_MODELS[random.nextInt(WIDTHS_OF_MODELS.length)];
    }

    /** One of several: {@code published}, or any of {@code others}. */
    double choose(double published, double... others) {
        return this.published ? published : others[random.nextInt(others.length)];
    }

    /** A class of moderate values, for {@link #tensor(Fill, int...)}. */
    Fill moderate() {
        if (published) {
            return ORDINARY;
        }
        Values values = Values.MODERATE.get(random.nextInt(Values.MODERATE.size()));
        return (tensor, random) -> values.fill(tensor.tensor(), random);
    }

    /** A class of values for kernels that say what they do with infinities and NaN. */
    Fill any() {
        return !published && random.nextInt(3) == 0 ? GuardedTensor::special : moderate();
    }

    /** A tensor of ordinary values. */
    Tensor tensor(int... dimensions) {
        return tensor(ORDINARY, dimensions);
    }

    /** A tensor of values of a class. In the published draw the class does not matter: the values have both signs and sizes 2⁻⁴ to 2². */
    Tensor tensor(Fill values, int... dimensions) {
        return filled(values, dimensions.length > 1 ? gap : 0, dimensions);
    }

    /** The same without gaps between the rows, for kernels that demand that. */
    Tensor dense(int... dimensions) {
        return filled(ORDINARY, 0, dimensions);
    }

    private Tensor filled(Fill values, int gap, int... dimensions) {
        if (published) {
            Tensor tensor = arena.allocate(dimensions);
            return tensor.copyFrom(publishedValues(Math.toIntExact(tensor.shape().size())));
        }
        GuardedTensor tensor = GuardedTensor.of(arena, random.nextInt(LANES), gap, dimensions);
        guarded.add(tensor);
        values.of(tensor, random);
        return tensor.tensor();
    }

    private float[] publishedValues(int n) {
        float[] values = new float[n];
        for (int i = 0; i < n; i++) {
            values[i] = (float) Math.scalb(random.nextDouble() * 2 - 1, random.nextInt(7) - 4);
        }
        return values;
    }

    /** Values of a class in {@code rows} rows, one after the other. */
    float[] floats(Fill values, int rows, int columns) {
        return filled(values, 0, rows, columns).toArray();
    }

    /** Ordinary values, the same way. */
    float[] floats(int rows, int columns) {
        return floats(ORDINARY, rows, columns);
    }

    /** Values below 1 with both signs, times a power of two between those given, as attention takes them. */
    Tensor bounded(int leastExponent, int mostExponent, int... dimensions) {
        Tensor tensor = tensor(dimensions);
        if (published) {
            return tensor;
        }
        double magnitude = Math.scalb(1.0, between(leastExponent, mostExponent));
        float[] values = tensor.toArray();
        for (int i = 0; i < values.length; i++) {
            values[i] = (float) ((random.nextDouble() * 2 - 1) * magnitude);
        }
        tensor.copyFrom(values);
        return tensor;
    }

    /** A packed matrix of ordinary values. */
    PackedMatrix matrix(int outputs, int depth) {
        return PackedMatrix.allocate(arena, outputs, depth).packRows(floats(outputs, depth));
    }

    /** Runs something on one thread while a call is made, such as the forward pass whose results a backward pass takes. */
    void prepare(Workers.Task task) {
        try (Workers one = Workers.of(1, 0)) {
            one.run(task);
        }
    }

    /**
     * Checks that no float around a tensor of the call was written.
     *
     * @throws AssertionError if one was
     */
    void assertGuardsIntact() {
        for (int i = 0; i < guarded.size(); i++) {
            guarded.get(i).assertGuardsIntact("tensor " + (i + 1) + " of the call, " + guarded.get(i).tensor().shape());
        }
    }
}
