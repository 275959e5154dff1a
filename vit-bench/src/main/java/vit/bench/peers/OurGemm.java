package vit.bench.peers;

import vit.kernels.gemm.Epilogue;
import vit.kernels.gemm.Gemm;
import vit.kernels.gemm.GemmWorkspace;
import vit.kernels.gemm.PackedMatrix;
import vit.kernels.parallel.Workers;
import vit.kernels.tensor.Tensor;
import vit.kernels.tensor.TensorArena;

/** This project's C = A·Bᵀ as inference runs it: the weight is packed beforehand, and A is packed in the call. */
final class OurGemm implements PreparedWork {

    private static final int WARM_UP_ROWS = 29;

    private final TensorArena arena = TensorArena.open();
    private final Workers workers;
    private final Tensor c;
    private final Workers.Task product;

    OurGemm(Work.Gemm work) {
        workers = Workers.of(work.threads());
        Tensor rows = arena.allocatePadded(work.m(), work.k()).copyFrom(work.a());
        c = arena.allocatePadded(work.m(), work.n());
        PackedMatrix packed = PackedMatrix.allocate(arena, work.n(), work.k()).packRows(work.b());
        GemmWorkspace workspace = GemmWorkspace.allocate(arena, work.m(), work.k(), work.threads());
        product = w -> Gemm.multiply(c, rows, packed, Epilogue.NONE, work.m(), workspace, w);
        warmUp(workers, WARM_UP_ROWS);
    }

    /** Runs small products of {@code m} rows first, so that the kernels are compiled. An interpreted product of full size takes minutes. */
    static void warmUp(Workers workers, int m) {
        try (TensorArena small = TensorArena.open()) {
            int n = 100;
            int k = 40;
            Tensor a = small.allocatePadded(m, k).fill(1);
            Tensor y = small.allocatePadded(m, n);
            PackedMatrix b = PackedMatrix.allocate(small, n, k);
            GemmWorkspace workspace = GemmWorkspace.allocate(small, m, k, workers.count());
            for (int call = 0; call < 15_000; call++) {
                workers.run(w -> Gemm.multiply(y, a, b, Epilogue.NONE, m, workspace, w));
            }
        }
    }

    @Override
    public String label() {
        return "vit";
    }

    @Override
    public void run() {
        workers.run(product);
    }

    @Override
    public float[] result() {
        return c.toArray();
    }

    @Override
    public void close() {
        workers.close();
        arena.close();
    }
}
