package vit.kernels.verify;

import java.lang.foreign.MemorySegment;
import java.util.List;
import java.util.Map;
import vit.kernels.tensor.Tensor;
import vit.kernels.tensor.TensorArena;

/**
 * What a kernel is called with: its arguments by name, in the {@link Memory} that it takes, and the sizes of its dimensions. No method allocates, so
 * calls can be measured. Threads of the kernel may ask at the same time.
 */
public final class Arguments {

    private final String[] names;
    private final GuardedMemory[] memory;
    private final String[] dimensions;
    private final int[] sizes;

    private Arguments(List<Argument> arguments, GuardedMemory[] memory, Map<String, Integer> sizes) {
        this.names = arguments.stream().map(Argument::name).toArray(String[]::new);
        this.memory = memory;
        this.dimensions = sizes.keySet().toArray(String[]::new);
        this.sizes = sizes.values().stream().mapToInt(Integer::intValue).toArray();
    }

    /** Fresh memory for the arguments. Offsets from alignment differ from one argument to the next. */
    static Arguments allocate(TensorArena arena, List<Argument> arguments, Memory kind, Map<String, Integer> sizes, int offset, int gap) {
        GuardedMemory[] memory = new GuardedMemory[arguments.size()];
        for (int i = 0; i < memory.length; i++) {
            Argument argument = arguments.get(i);
            int rows = argument.rows(sizes);
            int columns = argument.columns(sizes);
            int start = (offset + 3 * i) % 16;
            int between = kind.hasGaps() ? gap : 0;
            memory[i] = switch (kind) {
                case ARRAYS -> GuardedArray.exact(rows, columns);
                case ARRAYS_AT_OFFSETS -> GuardedArray.of(start, between, rows, columns);
                case SEGMENTS, SEGMENTS_WITH_STRIDES -> GuardedSegment.of(arena, start, between, rows, columns);
                case TENSORS, CONTIGUOUS_TENSORS -> GuardedTensor.of(arena, start, between, argument.dimensions(sizes));
            };
        }
        return new Arguments(arguments, memory, sizes);
    }

    /** The memory of an argument with its guards. */
    public GuardedMemory memory(String argument) {
        for (int i = 0; i < names.length; i++) {
            if (names[i].equals(argument)) {
                return memory[i];
            }
        }
        throw new IllegalArgumentException("no argument " + argument + " among " + List.of(names));
    }

    /**
     * The size of a dimension.
     *
     * @throws IllegalArgumentException if there is none of this name
     */
    public int size(String dimension) {
        for (int i = 0; i < sizes.length; i++) {
            if (dimensions[i].equals(dimension)) {
                return sizes[i];
            }
        }
        throw new IllegalArgumentException("no dimension " + dimension + " among " + List.of(dimensions));
    }

    /**
     * The array that holds an argument; with {@link Memory#ARRAYS_AT_OFFSETS} the argument begins at {@link #offset}.
     *
     * @throws IllegalArgumentException if there is no such argument, or the kernel takes other memory
     */
    public float[] floats(String argument) {
        return memory(argument) instanceof GuardedArray array ? array.array() : wrong(argument, "float[]");
    }

    /** The index of the argument's first element in its array; 0 with memory of other kinds. */
    public int offset(String argument) {
        return memory(argument) instanceof GuardedArray array ? array.offset() : 0;
    }

    /** Floats from one row of the argument to the next. */
    public int stride(String argument) {
        return memory(argument).stride();
    }

    /**
     * The segment that holds an argument, from its first element on.
     *
     * @throws IllegalArgumentException if there is no such argument, or the kernel takes other memory
     */
    public MemorySegment segment(String argument) {
        return memory(argument) instanceof GuardedSegment segment ? segment.segment() : wrong(argument, "MemorySegment");
    }

    /**
     * An argument as a tensor.
     *
     * @throws IllegalArgumentException if there is no such argument, or the kernel takes other memory
     */
    public Tensor tensor(String argument) {
        return memory(argument) instanceof GuardedTensor tensor ? tensor.tensor() : wrong(argument, "Tensor");
    }

    private <T> T wrong(String argument, String wanted) {
        throw new IllegalArgumentException(argument + " is no " + wanted + " but a " + memory(argument).getClass().getSimpleName()
                + ": choose the kernel's Memory to match");
    }
}
