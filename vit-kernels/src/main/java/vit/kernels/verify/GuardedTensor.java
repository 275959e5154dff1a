package vit.kernels.verify;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.Random;
import vit.kernels.tensor.Shape;
import vit.kernels.tensor.Tensor;
import vit.kernels.tensor.TensorArena;

/**
 * A tensor that begins off alignment, has gaps between its rows, and has a guard value in every float around it. So a test notices a kernel that
 * writes or uses floats that are not part of the tensor. The guard is a NaN that no arithmetic produces.
 */
public final class GuardedTensor {

    private static final int GUARD = 0x7fc0dead;
    private static final int MARGIN = 32; // floats after the last row: two of the widest vectors

    private final MemorySegment memory;
    private final int offset;
    private final Tensor tensor;

    private GuardedTensor(MemorySegment memory, int offset, Tensor tensor) {
        this.memory = memory;
        this.offset = offset;
        this.tensor = tensor;
    }

    /** A tensor whose first element lies {@code offset} floats off alignment and whose rows have {@code gap} floats between them. */
    public static GuardedTensor of(TensorArena arena, int offset, int gap, int... dimensions) {
        Shape shape = Shape.of(dimensions);
        int stride = shape.dimension(-1) + gap;
        int rows = Math.toIntExact(shape.size() / shape.dimension(-1));
        int floats = offset + rows * stride + MARGIN;
        MemorySegment memory = arena.allocate(floats).segment();
        for (int i = 0; i < floats; i++) {
            memory.setAtIndex(ValueLayout.JAVA_INT_UNALIGNED, i, GUARD);
        }
        Tensor tensor = Tensor.of(memory.asSlice((long) offset * Float.BYTES, (long) rows * stride * Float.BYTES), shape, stride);
        return new GuardedTensor(memory, offset, tensor);
    }

    /** The tensor without what lies around it. */
    public Tensor tensor() {
        return tensor;
    }

    /** Fills with normally distributed values. */
    public GuardedTensor random(Random random, double scale) {
        float[] values = new float[Math.toIntExact(tensor.shape().size())];
        for (int i = 0; i < values.length; i++) {
            values[i] = (float) (scale * random.nextGaussian());
        }
        tensor.copyFrom(values);
        return this;
    }

    private static final float[] SPECIAL = {
        0f, -0f, Float.MIN_VALUE, -Float.MIN_VALUE, Float.MIN_NORMAL, -1.1e-39f, 1f, -1f, Float.MAX_VALUE, -Float.MAX_VALUE,
        Float.POSITIVE_INFINITY, Float.NEGATIVE_INFINITY, Float.NaN
    };

    /** Fills with zeros of both signs, subnormals, extremes, infinities and NaN, and ordinary values between them. */
    public GuardedTensor special(Random random) {
        random(random, 1);
        for (int row = 0; row < tensor.rows(); row++) {
            for (int column = 0; column < tensor.columns(); column++) {
                if (random.nextInt(3) > 0) {
                    tensor.set(row, column, SPECIAL[random.nextInt(SPECIAL.length)]);
                }
            }
        }
        return this;
    }

    /**
     * Checks that no float around the tensor or between its rows was written.
     *
     * @param name the tensor's name, for the message
     * @throws AssertionError if one was
     */
    public void assertGuardsIntact(String name) {
        int floats = (int) (memory.byteSize() / Float.BYTES);
        int end = offset + tensor.rows() * tensor.rowStride();
        for (int i = 0; i < floats; i++) {
            boolean inside = i >= offset && i < end && (i - offset) % tensor.rowStride() < tensor.columns();
            boolean allocated = i < end + MARGIN;
            if (!inside && allocated) {
                int bits = memory.getAtIndex(ValueLayout.JAVA_INT_UNALIGNED, i);
                if (bits != GUARD) {
                    throw new AssertionError(name + ": guard overwritten " + (i - offset) + " floats from the tensor's start");
                }
            }
        }
    }
}
