package vit.bench.peers;

import java.util.function.Function;
import vit.kernels.gelu.Gelu;
import vit.kernels.gemm.Epilogue;
import vit.kernels.gemm.Gemm;
import vit.kernels.gemm.GemmWorkspace;
import vit.kernels.gemm.PackedMatrix;
import vit.kernels.layernorm.LayerNorm;
import vit.kernels.parallel.Worker;
import vit.kernels.parallel.Workers;
import vit.kernels.softmax.Softmax;
import vit.kernels.tensor.Tensor;
import vit.kernels.tensor.TensorArena;

/**
 * This project's kernels on rows: LayerNorm, softmax, GELU, and dot products, which are a matrix product with one row whose many vectors are packed beforehand.
 */
final class OurKernel implements PreparedWork {

    private static final int WARM_UP_CALLS = 15_000;
    private static final int WARM_UP_ROWS = 2;

    private final TensorArena arena = TensorArena.open();
    private final Workers workers;
    private final Workers.Task task;
    private final Tensor result;

    /** A kernel on {@code rows} rows. */
    @FunctionalInterface
    private interface RowKernel {
        void run(Tensor y, Tensor x, int rows, Worker w);
    }

    private OurKernel(int threads, float[] x, int rows, int columns, Function<TensorArena, RowKernel> kernels) {
        workers = Workers.of(threads);
        RowKernel kernel = kernels.apply(arena);
        Tensor input = arena.allocatePadded(rows, columns).copyFrom(x);
        result = arena.allocatePadded(rows, columns);
        for (int call = 0; call < WARM_UP_CALLS; call++) { // few rows, because interpreted vectors are slow
            workers.run(w -> kernel.run(result, input, Math.min(rows, WARM_UP_ROWS), w));
        }
        task = w -> kernel.run(result, input, rows, w);
    }

    /** The kernel for this work. */
    static OurKernel of(Work work) {
        return switch (work) {
            case Work.LayerNorm norm -> new OurKernel(norm);
            case Work.Softmax softmax -> new OurKernel(softmax);
            case Work.Gelu gelu -> new OurKernel(gelu);
            case Work.DotProducts products -> new OurKernel(products);
            case Work.Forward _, Work.Training _, Work.Gemm _ -> throw new IllegalArgumentException(work.name() + " is no kernel on rows");
        };
    }

    private OurKernel(Work.LayerNorm work) {
        this(work.threads(), work.x(), work.rows(), work.columns(), arena -> {
            Tensor weight = arena.allocate(work.columns()).copyFrom(work.weight());
            Tensor bias = arena.allocate(work.columns()).copyFrom(work.bias());
            return (y, x, rows, w) -> LayerNorm.forward(y, null, null, x, weight, bias, work.epsilon(), rows, w);
        });
    }

    private OurKernel(Work.Softmax work) {
        this(work.threads(), work.x(), work.rows(), work.columns(), _ -> Softmax::forward);
    }

    private OurKernel(Work.Gelu work) {
        this(work.threads(), work.x(), work.rows(), work.columns(), _ -> (y, x, rows, w) -> Gelu.forward(y, x, work.form(), rows, w));
    }

    private OurKernel(Work.DotProducts work) {
        workers = Workers.of(work.threads());
        Tensor query = arena.allocatePadded(1, work.width()).copyFrom(work.query());
        PackedMatrix vectors = PackedMatrix.allocate(arena, work.count(), work.width()).packRows(work.vectors());
        GemmWorkspace workspace = GemmWorkspace.allocate(arena, 1, work.width(), work.threads());
        result = arena.allocatePadded(1, work.count());
        task = w -> Gemm.multiply(result, query, vectors, Epilogue.NONE, 1, workspace, w);
        OurGemm.warmUp(workers, 1);
    }

    @Override
    public String label() {
        return "vit";
    }

    @Override
    public void run() {
        workers.run(task);
    }

    @Override
    public float[] result() {
        return result.toArray();
    }

    @Override
    public void close() {
        workers.close();
        arena.close();
    }
}
