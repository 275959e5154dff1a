package vit.bench.peers;

import vit.kernels.gemm.Epilogue;
import vit.kernels.gemm.Gemm;
import vit.kernels.gemm.GemmWorkspace;
import vit.kernels.gemm.PackedMatrix;
import vit.kernels.parallel.Workers;
import vit.kernels.tensor.Tensor;
import vit.kernels.tensor.TensorArena;

/** This project's C = A·Bᵀ as inference runs it: the weight is packed beforehand, and A is packed in the call. */
final class OurGemm implements Contender {

    private final TensorArena arena = TensorArena.open();
    private final Workers workers;
    private final Tensor c;
    private final Workers.Task product;

    OurGemm(GemmShape shape, float[] a, float[] b, int threads) {
        workers = Workers.of(threads);
        Tensor rows = arena.allocatePadded(shape.m(), shape.k()).copyFrom(a);
        c = arena.allocatePadded(shape.m(), shape.n());
        PackedMatrix packed = PackedMatrix.allocate(arena, shape.n(), shape.k()).packRows(b);
        GemmWorkspace workspace = GemmWorkspace.allocate(arena, shape.m(), shape.k(), threads);
        product = w -> Gemm.multiply(c, rows, packed, Epilogue.NONE, shape.m(), workspace, w);
        warmUp(threads);
    }

    /** Runs small products first, so that the kernels are compiled. An interpreted product of full size takes minutes. */
    private void warmUp(int threads) {
        try (TensorArena small = TensorArena.open()) {
            int m = 29;
            int n = 100;
            int k = 40;
            Tensor a = small.allocatePadded(m, k).fill(1);
            Tensor y = small.allocatePadded(m, n);
            PackedMatrix b = PackedMatrix.allocate(small, n, k);
            GemmWorkspace workspace = GemmWorkspace.allocate(small, m, k, threads);
            for (int call = 0; call < 15_000; call++) {
                workers.run(w -> Gemm.multiply(y, a, b, Epilogue.NONE, m, workspace, w));
            }
        }
    }

    @Override
    public String name() {
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
