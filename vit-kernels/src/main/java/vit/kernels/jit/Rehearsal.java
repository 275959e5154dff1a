package vit.kernels.jit;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.locks.LockSupport;
import vit.kernels.simd.Simd;

/**
 * A kernel that is to be compiled before it is used. HotSpot compiles methods that are called often: C2 waits for some thousands of calls. Until then
 * the Vector API is interpreted, a hundred to a thousand times slower than compiled. But a call counts whatever it does. So most calls here are
 * {@link #nothing}, a call over no elements, which costs a few nanoseconds. A few calls are {@link #work}, so that the profile shows every branch.
 * What remains is little more than the compiler's own time. It also keeps the JDK's scalar substitutes for vector operations from becoming so hot
 * that they are compiled first.
 *
 * @param name    of the kernel, for messages
 * @param work    calls that enter every loop and branch. Each does at least fifty vector operations. What it computes does not matter. Inside a loop,
 *                or with vectors, it should call no methods but the JDK's: C2 inlines a method of up to 35 bytecodes only if it is called in at least
 *                one of 117 calls of the kernel, and a larger method only if it is called in at least one of four
 * @param nothing calls of the same method over no elements. Such a call must return before the first vector operation, and before the constants of
 *                the loop are made
 */
public record Rehearsal(String name, Calls work, Calls nothing) {

    /**
     * Calls a kernel in a loop of its own, which is written separately for each kernel. The caller of a kernel must run far less often than the
     * kernel itself. Otherwise C2 may compile the caller first and inline the kernel into it; calls of the inlined copy no longer count towards
     * compiling the kernel.
     */
    @FunctionalInterface
    public interface Calls {
        /** Calls the kernel {@code times} times. */
        void run(int times);
    }

    /** Calls of a kernel that takes the amount of work as an argument. */
    @FunctionalInterface
    public interface SizedCalls {
        /** Calls the kernel {@code times} times, each time for {@code size} elements, rows or steps. With a size of 0 each call does nothing. */
        void run(int size, int times);
    }

    /** The largest number of floats that {@link #ofElements} passes to a kernel. */
    public static final int MOST_ELEMENTS = Math.max(6 * Simd.VIRTUAL_LANES, 12 * Simd.LANES);

    /** A smaller number of floats, one more than whole vectors, so that there is a remainder at every vector width. */
    private static final int RAGGED_ELEMENTS = 2 * Simd.VIRTUAL_LANES + 1;

    /** Calls of {@link #nothing} in a round. C2's threshold is 5000 calls, multiplied by 1 + (methods that wait for C2) / 3. */
    private static final int CALLS = 1000;

    /** Calls after which C1 compiles a method with code that counts branches; its threshold is 200. */
    private static final int INTERPRETED_CALLS = 400;

    /**
     * How long C1 is given for that. If C2 already has much to do, C1 compiles without counting branches. C2 then assumes that those branches are
     * never taken.
     */
    private static final long PROFILING_PAUSE_NANOS = 20_000_000;

    /** One in this many rounds also calls {@link #work}: at first for the profile, later to see whether the kernel is compiled. */
    private static final int ROUNDS_PER_WORK = 2;

    /** The number of first rounds in which C2 cannot have compiled anything yet. */
    private static final int FIRST_ROUNDS = 6;

    /** The number of rounds after which C2 has seen enough calls. A kernel that is still slow then contains a method that C2 did not inline. */
    private static final int ROUNDS = 200;

    /** The first pause between two rounds. If there is only one core, the compilers use it in the pauses. Later pauses are longer. */
    private static final long FIRST_PAUSE_NANOS = 1_000_000;

    private static final long LAST_PAUSE_NANOS = 5_000_000;

    /**
     * A call of {@link #work} that takes less time than this counts as compiled: interpreted, its vector operations would take 100 ns each. Where the
     * code of C1 is faster than that (15 ns on AMD Zen 5), a small kernel may count as compiled although only C1 has compiled it. That is good enough
     * for a first call, during which C2 takes over; waiting for C2 instead was seen to add 90 ms to a start of one second.
     */
    private static final long COMPILED_NANOS = 1_500;

    /** A kernel whose work is one call for {@code size} elements, rows or steps. */
    public static Rehearsal of(String name, int size, SizedCalls kernel) {
        return of(name, size, 1, kernel);
    }

    /** A kernel whose work is {@code calls} calls. It is for a kernel so small that one call of C1's code would already count as compiled. */
    public static Rehearsal of(String name, int size, int calls, SizedCalls kernel) {
        return new Rehearsal(name, times -> kernel.run(size, times * calls), times -> kernel.run(0, times));
    }

    /**
     * A kernel over a number of floats, at most {@link #MOST_ELEMENTS}. It is called for whole vectors, for vectors and a remainder, and for no
     * elements.
     */
    public static Rehearsal ofElements(String name, SizedCalls kernel) {
        return new Rehearsal(name, times -> {
            kernel.run(MOST_ELEMENTS, times);
            kernel.run(RAGGED_ELEMENTS, times);
        }, times -> kernel.run(0, times));
    }

    /** Zeroed memory of {@link #MOST_ELEMENTS} floats for such a kernel. */
    public static MemorySegment elements() {
        return Arena.ofAuto().allocate((long) MOST_ELEMENTS * Float.BYTES, Simd.VECTOR_BYTES);
    }

    /**
     * Calls kernels until each is compiled or the time is up.
     *
     * @param kernels  what is to be compiled
     * @param deadline on the clock of {@link System#nanoTime}
     * @return the kernels that are not compiled
     */
    public static List<Rehearsal> run(List<Rehearsal> kernels, long deadline) {
        List<Rehearsal> pending = new ArrayList<>(kernels);
        if (System.nanoTime() < deadline) {
            // Loads every class first, because C1 compiles again what it compiled before a class was loaded.
            pending.forEach(kernel -> kernel.work.run(1));
            pending.forEach(kernel -> kernel.nothing.run(INTERPRETED_CALLS));
            LockSupport.parkNanos(PROFILING_PAUSE_NANOS);
            pending.forEach(kernel -> kernel.work.run(1));
        }
        long pause = FIRST_PAUSE_NANOS;
        for (int round = 0; round < ROUNDS && !pending.isEmpty() && System.nanoTime() < deadline; round++) {
            pending.forEach(kernel -> kernel.nothing.run(CALLS));
            if (round % ROUNDS_PER_WORK == 0) {
                if (round < FIRST_ROUNDS) {
                    pending.forEach(kernel -> kernel.work.run(1));
                } else {
                    pending.removeIf(Rehearsal::isCompiled);
                }
            }
            LockSupport.parkNanos(pause);
            pause = Math.min(pause + pause / 8, LAST_PAUSE_NANOS);
        }
        return pending;
    }

    private boolean isCompiled() {
        // The first call after a pause is allowed ten times as long, because it finds nothing in the caches.
        return nanosOfWork() < COMPILED_NANOS * 10 && Math.min(nanosOfWork(), nanosOfWork()) < COMPILED_NANOS;
    }

    private long nanosOfWork() {
        long start = System.nanoTime();
        work.run(1);
        return System.nanoTime() - start;
    }
}
