package vit.kernels.peak;

import java.lang.foreign.MemorySegment;
import java.nio.ByteOrder;
import jdk.incubator.vector.FloatVector;
import vit.kernels.parallel.Worker;
import vit.kernels.parallel.Workers;
import vit.kernels.simd.Simd;
import vit.kernels.simd.VectorHelper;
import vit.kernels.simd.VectorLoop;
import vit.kernels.tensor.Tensor;
import vit.kernels.tensor.TensorArena;

/**
 * The highest memory traffic that this machine reaches in code of the same kind as the kernels'. Every member of the team streams through its share
 * of arrays that are too large for any cache. Other load on the machine can only lower a figure, so the best of several trials counts.
 *
 * @param threads the size of the team that ran it
 * @param read    10⁹ bytes a second, read only
 * @param copy    10⁹ bytes a second in a copy: bytes read and bytes written are counted, but not what the hardware reads before it writes
 */
public record MemoryBandwidth(int threads, double read, double copy) {

    /** Floats of one array: 256 MB, several times the largest caches. */
    private static final int FLOATS = 1 << 26;

    private static final int WARM_UP_FLOATS = 1 << 10;
    private static final int WARM_UP_CALLS = 20_000;
    private static final int TRIALS = 8;

    /**
     * Measures the bandwidth of {@code team}. Takes about two seconds and 512 MB while it runs.
     *
     * @throws IllegalStateException if a result is wrong
     */
    public static MemoryBandwidth measure(Workers team) {
        try (TensorArena arena = TensorArena.open()) {
            MemorySegment from = arena.allocate(FLOATS).segment();
            MemorySegment to = arena.allocate(FLOATS).segment();
            float[] sums = new float[team.count()];
            team.run(w -> {
                warmUp(from, to);
                w.barrier();
                fill(from, share(w.index(), w), share(w.index() + 1, w));
            });
            double read = 0;
            double copy = 0;
            for (int trial = 0; trial < TRIALS; trial++) {
                read = Math.max(read, rate(team, 1, w -> sums[w.index()] = sum(from, share(w.index(), w), share(w.index() + 1, w))));
                copy = Math.max(copy, rate(team, 2, w -> copy(from, to, share(w.index(), w), share(w.index() + 1, w))));
            }
            check(sums, to);
            return new MemoryBandwidth(team.count(), read, copy);
        }
    }

    /** The float at which member {@code index} starts: a multiple of the length of the widest vector. */
    private static int share(int index, Worker w) {
        return (int) ((long) FLOATS / 64 * index / w.count() * 64);
    }

    private static double rate(Workers team, int arrays, Workers.Task task) {
        long start = System.nanoTime();
        team.run(task);
        return (double) arrays * FLOATS * Float.BYTES / (System.nanoTime() - start);
    }

    private static void warmUp(MemorySegment from, MemorySegment to) {
        for (int call = 0; call < WARM_UP_CALLS; call++) {
            sum(from, 0, WARM_UP_FLOATS);
            copy(from, to, 0, WARM_UP_FLOATS);
        }
    }

    /** Fills a range with ones. Each lane of the sum then counts vectors, and exactly, since it stays below 2²⁴. */
    private static void fill(MemorySegment target, int first, int last) {
        target = Tensor.offHeap(target);
        for (int i = first; i < last; i++) {
            target.setAtIndex(Tensor.FLOAT, i, 1f);
        }
    }

    private static void check(float[] sums, MemorySegment copied) {
        double total = 0;
        for (float sum : sums) {
            total += sum;
        }
        if (total * Simd.LANES != FLOATS || copied.getAtIndex(Tensor.FLOAT, FLOATS - 1) != 1f) {
            throw new IllegalStateException("the bandwidth probe read " + total * Simd.LANES + " of " + FLOATS + " elements");
        }
    }

    /** Lane 0 of the sum. There are four chains, so that the additions do not wait for one another. */
    @VectorLoop
    private static float sum(MemorySegment from, int first, int last) {
        from = Tensor.offHeap(from);
        FloatVector acc0 = FloatVector.zero(Simd.SPECIES);
        FloatVector acc1 = acc0;
        FloatVector acc2 = acc0;
        FloatVector acc3 = acc0;
        int lanes = Simd.LANES;
        for (int i = first; i < last; i += 4 * lanes) {
            acc0 = load(from, i).add(acc0);
            acc1 = load(from, i + lanes).add(acc1);
            acc2 = load(from, i + 2 * lanes).add(acc2);
            acc3 = load(from, i + 3 * lanes).add(acc3);
        }
        return acc0.add(acc1).add(acc2.add(acc3)).lane(0);
    }

    @VectorLoop
    private static void copy(MemorySegment from, MemorySegment to, int first, int last) {
        from = Tensor.offHeap(from);
        to = Tensor.offHeap(to);
        int lanes = Simd.LANES;
        for (int i = first; i < last; i += lanes) {
            load(from, i).intoMemorySegment(to, (long) i * Float.BYTES, ByteOrder.nativeOrder());
        }
    }

    @VectorHelper
    private static FloatVector load(MemorySegment from, int index) {
        return FloatVector.fromMemorySegment(Simd.SPECIES, from, (long) index * Float.BYTES, ByteOrder.nativeOrder());
    }
}
