package vit.kernels.jit;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.locks.LockSupport;
import vit.kernels.simd.Simd;

/**
 * A kernel that is to be compiled before it is used. HotSpot compiles what is called often: C2 wants some thousands of calls, and until
 * then the Vector API is interpreted, a hundred to a thousand times slower than compiled. But a call counts whatever it does. So most
 * calls here are {@link #nothing}, a call over no elements, which costs a few nanoseconds; a few are {@link #work}, so that the profile shows
 * every branch. That leaves little but the compiler's own time, and it keeps the JDK's substitutes for vector operations from becoming so
 * hot that the compiler takes them first.
 *
 * @param name    of the kernel, for a message
 * @param work    a call that enters every loop and branch, of at least fifty vector operations. What it computes does not matter. It should
 *                call no method in a loop or with vectors but the JDK's: C2 inlines one of up to 35 bytecodes only if it is called in
 *                one of 117 calls of the kernel, and a larger one in one of four
 * @param nothing calls of the same method, over no elements. It must return before the first vector operation, and first of all before
 *                the constants of its loop are made
 */
public record Rehearsal(String name, Runnable work, Calls nothing) {

    /**
     * Calls of a kernel, in a loop that stands where the kernel is named: what calls a kernel must itself be called far less often, or C2
     * may take the caller first, with the kernel's code in it, and the kernel's own calls are counted no more.
     */
    @FunctionalInterface
    public interface Calls {
        /** Calls it {@code times} times. */
        void run(int times);
    }

    /** The same for a kernel that is given how much there is to do. */
    @FunctionalInterface
    public interface SizedCalls {
        /** Calls it {@code times} times for {@code size} elements, rows or steps; none at 0. */
        void run(int size, int times);
    }

    /** Floats that {@link #ofElements} gives work to, at most. */
    public static final int MOST_ELEMENTS = Math.max(6 * Simd.VIRTUAL_LANES, 12 * Simd.LANES);

    /** Fewer, and one more than whole vectors: a rest at every vector width. */
    private static final int RAGGED_ELEMENTS = 2 * Simd.VIRTUAL_LANES + 1;

    /** Calls of {@link #nothing} in a round. C2's threshold is 5000 calls, times one plus a third of the methods that wait for it. */
    private static final int CALLS = 1000;

    /** Calls after which C1 compiles a method so that it counts branches; its threshold is 200. */
    private static final int INTERPRETED_CALLS = 400;

    /**
     * How long C1 is given for that. When C2 already has much to do, C1 compiles without counting branches, and C2 then takes those for
     * never taken.
     */
    private static final long PROFILING_PAUSE_NANOS = 20_000_000;

    /** Of so many rounds one has work: at first for the profile, then to see whether the kernel is compiled. */
    private static final int ROUNDS_PER_WORK = 2;

    /** Rounds after which C2 cannot have compiled anything. */
    private static final int FIRST_ROUNDS = 6;

    /** After that many rounds C2 has seen enough, and what is still slow has lost a method that it did not inline. */
    private static final int ROUNDS = 200;

    /** The first pause between two rounds, in which the compilers have the core if there is only one; later ones are longer. */
    private static final long FIRST_PAUSE_NANOS = 1_000_000;

    private static final long LAST_PAUSE_NANOS = 5_000_000;

    /**
     * A call of {@link #work} that takes less is compiled: its vector operations would take 100 ns each if it were not. Where C1's code is faster (15 ns on
     * AMD Zen 5) a small kernel may count as compiled with that. It serves for a first call, in which C2 takes it; to wait for C2 before was seen to
     * add 90 ms to a start of one second.
     */
    private static final long COMPILED_NANOS = 1_500;

    /** A kernel whose work is one call for {@code size} elements, rows or steps. */
    public static Rehearsal of(String name, int size, SizedCalls kernel) {
        return of(name, size, 1, kernel);
    }

    /** A kernel whose work is so many calls, as C1's code for one is nearly as fast as what counts as compiled. */
    public static Rehearsal of(String name, int size, int calls, SizedCalls kernel) {
        return new Rehearsal(name, () -> kernel.run(size, calls), times -> kernel.run(0, times));
    }

    /** A kernel over a number of floats, at most {@link #MOST_ELEMENTS}: with whole vectors, with a rest, and with none. */
    public static Rehearsal ofElements(String name, SizedCalls kernel) {
        return new Rehearsal(name, () -> {
            kernel.run(MOST_ELEMENTS, 1);
            kernel.run(RAGGED_ELEMENTS, 1);
        }, times -> kernel.run(0, times));
    }

    /** Memory for such a kernel, zeros. */
    public static MemorySegment elements() {
        return Arena.ofAuto().allocate((long) MOST_ELEMENTS * Float.BYTES, Simd.VECTOR_BYTES);
    }

    /**
     * Calls kernels until each is compiled, or time is up.
     *
     * @param deadline of {@link System#nanoTime}
     * @return those that are not compiled
     */
    public static List<Rehearsal> run(List<Rehearsal> kernels, long deadline) {
        List<Rehearsal> pending = new ArrayList<>(kernels);
        if (System.nanoTime() < deadline) {
            // Loads every class first: what C1 compiles before, it compiles again.
            pending.forEach(kernel -> kernel.work.run());
            pending.forEach(kernel -> kernel.nothing.run(INTERPRETED_CALLS));
            LockSupport.parkNanos(PROFILING_PAUSE_NANOS);
            pending.forEach(kernel -> kernel.work.run());
        }
        long pause = FIRST_PAUSE_NANOS;
        for (int round = 0; round < ROUNDS && !pending.isEmpty() && System.nanoTime() < deadline; round++) {
            pending.forEach(kernel -> kernel.nothing.run(CALLS));
            if (round % ROUNDS_PER_WORK == 0) {
                if (round < FIRST_ROUNDS) {
                    pending.forEach(kernel -> kernel.work.run());
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
        // The first call after a pause finds nothing in the caches.
        return nanosOfWork() < COMPILED_NANOS * 10 && Math.min(nanosOfWork(), nanosOfWork()) < COMPILED_NANOS;
    }

    private long nanosOfWork() {
        long start = System.nanoTime();
        work.run();
        return System.nanoTime() - start;
    }
}
