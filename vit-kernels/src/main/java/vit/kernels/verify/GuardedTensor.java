package vit.kernels.verify;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.Random;
import vit.kernels.tensor.Shape;
import vit.kernels.tensor.Tensor;
import vit.kernels.tensor.TensorArena;

/**
 * A tensor that begins off alignment, has gaps between its rows, and has a guard in every float around it. So a test notices a kernel that writes or
 * uses floats that are not part of the tensor.
 */
public final class GuardedTensor extends GuardedMemory {

    private final MemorySegment memory;
    private final Tensor tensor;

    private GuardedTensor(MemorySegment memory, int first, int rows, Tensor tensor) {
        super(rows, tensor.columns(), tensor.rowStride(), first);
        this.memory = memory;
        this.tensor = tensor;
    }

    /**
     * A tensor of shape {@code dimensions}, in elements, in memory of {@code arena}.
     *
     * @param offset floats from a 64-byte boundary to the first element
     * @param gap    floats between the end of a row and the next
     */
    public static GuardedTensor of(TensorArena arena, int offset, int gap, int... dimensions) {
        Shape shape = Shape.of(dimensions);
        int stride = dimensions[dimensions.length - 1] + gap;
        int rows = 1;
        for (int i = 0; i < dimensions.length - 1; i++) {
            rows *= dimensions[i];
        }
        MemorySegment memory = GuardedSegment.allocate(arena, offset, rows, stride);
        int first = MARGIN + offset;
        Tensor tensor = Tensor.of(memory.asSlice((long) first * Float.BYTES, (long) rows * stride * Float.BYTES), shape, stride);
        GuardedTensor guarded = new GuardedTensor(memory, first, rows, tensor);
        guarded.setGuards(NAN_GUARD);
        return guarded;
    }

    /** The tensor without what lies around it. */
    public Tensor tensor() {
        return tensor;
    }

    /** Fills with normally distributed values of deviation {@code scale}. */
    public GuardedTensor random(Random random, double scale) {
        float[] values = new float[Math.toIntExact(tensor.shape().size())];
        for (int i = 0; i < values.length; i++) {
            values[i] = (float) (scale * random.nextGaussian());
        }
        tensor.copyFrom(values);
        return this;
    }

    /** Fills with {@link Values#SPECIAL}. */
    public GuardedTensor special(Random random) {
        Values.SPECIAL.fill(tensor, random);
        return this;
    }

    @Override
    int floats() {
        return (int) (memory.byteSize() / Float.BYTES);
    }

    @Override
    int bits(int index) {
        return memory.getAtIndex(ValueLayout.JAVA_INT_UNALIGNED, index);
    }

    @Override
    void setBits(int index, int bits) {
        memory.setAtIndex(ValueLayout.JAVA_INT_UNALIGNED, index, bits);
    }
}
