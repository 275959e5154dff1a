package vit.kernels.tensor;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.concurrent.atomic.AtomicLong;

/**
 * Owns off-heap memory and gives out tensors in it. They are zeroed, 64-byte aligned, and freed together by {@link #close()}.
 *
 * <p>A {@linkplain #counting() counting} arena gives out tensors without memory and only adds up their bytes. So the code that makes a plan can also
 * tell what the plan will cost.
 *
 * <p>One thread at a time may allocate; any thread may use the tensors. After {@code close()} every access to them throws {@link
 * IllegalStateException}.
 *
 * <p>{@link #liveBytes()} tells how much off-heap memory all arenas of this JVM hold at the moment.
 */
public final class TensorArena implements AutoCloseable {

    /** Bytes of a cache line, which are also the bytes of the widest vector. */
    public static final int ALIGNMENT = 64;

    /** Floats on either side of what {@link #copyOf} copies: a cache line. */
    public static final int MARGIN = ALIGNMENT / Float.BYTES;

    /** Bytes that the allocator of 64-bit Linux puts before a large block of memory. */
    private static final int MALLOC_HEADER = 16;

    /** Rows whose distance is a multiple of this many bytes fall into one set of the L1 cache and evict one another. */
    private static final int ALIASING_BYTES = 4096;

    private static final AtomicLong LIVE_BYTES = new AtomicLong();

    /** For tests: runs before every allocation of off-heap memory, and may throw what a failing allocation throws. Null does nothing. */
    static volatile Runnable beforeAllocation;

    private final Arena arena; // null: counting only
    private volatile long bytes; // written by the thread that allocates
    private long offHeapBytes;

    private TensorArena(Arena arena) {
        this.arena = arena;
    }

    /**
     * An arena with memory, which any thread may use. All tensors of the project live in arenas of this one kind, because C2 compiles a kernel well
     * only if it meets a single kind of segment.
     */
    public static TensorArena open() {
        return new TensorArena(Arena.ofShared());
    }

    /** An arena that allocates nothing and only counts bytes. Its tensors must not be read or written. */
    public static TensorArena counting() {
        return new TensorArena(null);
    }

    /**
     * A contiguous zeroed tensor.
     *
     * @param dimensions outermost first, in elements
     * @throws IllegalArgumentException if a dimension is negative
     * @throws IllegalStateException if the arena is closed
     * @throws OutOfMemoryError if the system does not give the memory
     */
    public Tensor allocate(int... dimensions) {
        Shape shape = Shape.of(dimensions);
        return allocate(shape, Tensor.rowLength(shape));
    }

    /**
     * A zeroed tensor. If its rows would lie a multiple of 4096 bytes apart, each is padded by one cache line, so that they do not evict one another
     * from the L1 cache.
     *
     * @param dimensions outermost first, in elements
     * @throws IllegalArgumentException if a dimension is negative
     * @throws IllegalStateException if the arena is closed
     * @throws OutOfMemoryError if the system does not give the memory
     */
    public Tensor allocatePadded(int... dimensions) {
        Shape shape = Shape.of(dimensions);
        int row = Tensor.rowLength(shape);
        boolean aliases = row > 0 && (long) row * Float.BYTES % ALIASING_BYTES == 0;
        return allocate(shape, aliases ? row + ALIGNMENT / Float.BYTES : row);
    }

    private Tensor allocate(Shape shape, int rowStride) {
        long size = Tensor.bytes(shape, rowStride);
        long aligned = Math.max(ALIGNMENT, (size + ALIGNMENT - 1) / ALIGNMENT * ALIGNMENT);
        if (arena == null) {
            bytes += aligned;
            return Tensor.unbacked(shape, rowStride);
        }
        announceAllocation();
        MemorySegment segment = arena.allocate(aligned, ALIGNMENT);
        count(aligned);
        return Tensor.of(segment, shape, rowStride);
    }

    /**
     * A contiguous tensor that holds a copy of {@code values} from index {@code from} on. This is faster than {@link #allocate} and a copy: allocate
     * clears memory, which JDK 25 does by a loop in Java that is slow when a program has just begun. Memory that is overwritten at once need not be
     * cleared.
     *
     * @param values     what is copied, with at least {@link #MARGIN} more floats of any value before and after it
     * @param from       index of the first float that is copied
     * @param dimensions outermost first, in elements
     * @throws IndexOutOfBoundsException if the array is shorter
     */
    public Tensor copyOf(float[] values, int from, int... dimensions) {
        return copyOf(MemorySegment.ofArray(values), from, Shape.of(dimensions));
    }

    /**
     * As {@link #copyOf}, for a tensor that is only memory: its elements have the bits of {@code values}, which a kernel reads as it understands them.
     *
     * @throws IndexOutOfBoundsException if the array is shorter
     */
    public Tensor copyOfBits(int[] values, int from, int... dimensions) {
        return copyOf(MemorySegment.ofArray(values), from, Shape.of(dimensions));
    }

    private Tensor copyOf(MemorySegment values, int from, Shape shape) {
        int rowStride = Tensor.rowLength(shape);
        long size = Tensor.bytes(shape, rowStride);
        if (size == 0) {
            return allocate(shape, rowStride);
        }
        if (arena == null) {
            bytes += size + ALIGNMENT;
            return Tensor.unbacked(shape, rowStride);
        }
        announceAllocation();
        // The JDK aligns such memory to 8 or 16 bytes only. With glibc, large blocks begin 16 bytes into a page, which is three quarters of a cache
        // line early.
        long early = ALIGNMENT - MALLOC_HEADER;
        MemorySegment block = arena.allocateFrom(Tensor.INT, values, Tensor.INT, (long) from * Integer.BYTES - early, size / Integer.BYTES + MARGIN);
        count(size + ALIGNMENT);
        long start = (ALIGNMENT - block.address() % ALIGNMENT) % ALIGNMENT;
        if (start != early) {
            MemorySegment.copy(block, early, block, start, size);
        }
        return Tensor.of(block.asSlice(start, size), shape, rowStride);
    }

    private static void announceAllocation() {
        Runnable announced = beforeAllocation;
        if (announced != null) {
            announced.run();
        }
    }

    private void count(long allocated) {
        bytes += allocated;
        offHeapBytes += allocated;
        LIVE_BYTES.addAndGet(allocated);
    }

    /** A zeroed array on the heap, for data that a kernel reads faster there. It counts in {@link #bytes()}. A counting arena gives an empty array. */
    public float[] floats(int count) {
        bytes += (long) count * Float.BYTES;
        return new float[arena == null ? 0 : count];
    }

    /** A zeroed array of ints on the heap, for indices. It counts in {@link #bytes()}. A counting arena gives an empty array. */
    public int[] ints(int count) {
        bytes += (long) count * Integer.BYTES;
        return new int[arena == null ? 0 : count];
    }

    /** The bytes given out so far, off the heap and on it. */
    public long bytes() {
        return bytes;
    }

    /**
     * The off-heap bytes of all arenas of this JVM that are not closed: 0 when every model, session and training is closed. The number does not
     * depend on the garbage collector. Any thread may ask.
     */
    public static long liveBytes() {
        return LIVE_BYTES.get();
    }

    /** Frees the memory. Closing twice, or closing a counting arena, does nothing. */
    @Override
    public void close() {
        if (arena != null && arena.scope().isAlive()) {
            arena.close();
            LIVE_BYTES.addAndGet(-offHeapBytes);
        }
    }
}
