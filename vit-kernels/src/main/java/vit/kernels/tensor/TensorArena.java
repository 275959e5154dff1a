package vit.kernels.tensor;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.concurrent.atomic.AtomicLong;

/**
 * Owns off-heap memory and gives out tensors in it: zeroed, 64-byte aligned, freed together by {@link #close()}.
 *
 * <p>A {@linkplain #counting() counting} arena gives out tensors without memory and only adds up their bytes, so that a
 * plan can be costed by the very code that makes it. Allocation is for one thread at a time; the tensors may be used by
 * any thread. After {@code close()} every access to them throws {@link IllegalStateException}.
 *
 * <p>{@link #liveBytes()} is the ledger: what all arenas of this JVM hold off the heap at the moment.
 */
public final class TensorArena implements AutoCloseable {

    /** A cache line, and the widest vector. */
    public static final int ALIGNMENT = 64;

    /** Floats on either side of what {@link #copyOf} copies: a cache line. */
    public static final int MARGIN = ALIGNMENT / Float.BYTES;

    /** Bytes before a large block of memory on 64-bit Linux. */
    private static final int MALLOC_HEADER = 16;

    /** Rows this many bytes apart fall into one set of the L1 cache and evict one another. */
    private static final int ALIASING_BYTES = 4096;

    private static final AtomicLong LIVE_BYTES = new AtomicLong();

    /** Runs before every allocation of off-heap memory, and may throw what a failing one throws; null for none. For tests. */
    static volatile Runnable beforeAllocation;

    private final Arena arena; // null: counting only
    private volatile long bytes; // written by the thread that allocates
    private long offHeapBytes;

    private TensorArena(Arena arena) {
        this.arena = arena;
    }

    /**
     * An arena with memory, usable from all threads. All tensors of the project live in arenas of this one kind: a kernel
     * that meets two kinds of segment is compiled for neither.
     */
    public static TensorArena open() {
        return new TensorArena(Arena.ofShared());
    }

    /** An arena that allocates nothing and counts; its tensors must not be read or written. */
    public static TensorArena counting() {
        return new TensorArena(null);
    }

    /**
     * A contiguous zeroed tensor.
     *
     * @throws IllegalArgumentException if a dimension is negative
     * @throws IllegalStateException if the arena is closed
     * @throws OutOfMemoryError if the memory is not to be had
     */
    public Tensor allocate(int... dimensions) {
        Shape shape = Shape.of(dimensions);
        return allocate(shape, Tensor.rowLength(shape));
    }

    /**
     * A zeroed tensor whose rows are padded by one cache line where they would otherwise lie a multiple of 4096 bytes
     * apart.
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
     * A tensor, rows side by side, with a copy of {@code values} from {@code from} on. {@link #allocate} clears memory, which JDK 25 does
     * by a loop in Java, slow when a program has just begun; memory that is copied to at once is not cleared.
     *
     * @param values with {@link #MARGIN} more floats before and after what is copied, of any values
     * @throws IndexOutOfBoundsException if the array is shorter
     */
    public Tensor copyOf(float[] values, int from, int... dimensions) {
        Shape shape = Shape.of(dimensions);
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
        // The JDK aligns such memory to 8 or 16 bytes only. Large blocks begin 16 bytes into a page with glibc: three quarters of a line early.
        long early = ALIGNMENT - MALLOC_HEADER;
        MemorySegment block = arena.allocateFrom(Tensor.FLOAT, MemorySegment.ofArray(values), Tensor.FLOAT,
                (long) from * Float.BYTES - early, size / Float.BYTES + MARGIN);
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

    /** A zeroed array on the heap, for what a kernel reads faster there; it counts as well. A counting arena gives an empty one. */
    public float[] floats(int count) {
        bytes += (long) count * Float.BYTES;
        return new float[arena == null ? 0 : count];
    }

    /** The bytes given out so far, off and on the heap. */
    public long bytes() {
        return bytes;
    }

    /**
     * Off-heap bytes of all arenas of this JVM that are not closed: 0 when every model, session and training is closed. The garbage
     * collector has no part in it. Any thread may ask.
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
