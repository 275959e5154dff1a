package vit.bench.peers.openblas;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import vit.bench.peers.PreparedWork;
import vit.bench.peers.WeightLayout;
import vit.bench.peers.Work;

/** OpenBLAS's {@code cblas_sgemm}, row-major, on 64-byte aligned memory, with the weight in the faster layout. */
final class OpenBlasGemm implements PreparedWork {

    private static final int ROW_MAJOR = 101;
    private static final int NO_TRANSPOSE = 111;
    private static final int TRANSPOSE = 112;
    private static final int ALIGNMENT = 64;

    private final Work.Gemm work;
    private final Arena arena = Arena.ofConfined();
    private final MemorySegment a; // (M, K)
    private final MemorySegment c; // (M, N)
    private final MemorySegment rows; // (N, K)
    private final MemorySegment columns; // (K, N)
    private final WeightLayout layout;

    OpenBlasGemm(Work.Gemm work) {
        this.work = work;
        OpenBlas.get().setThreads(work.threads());
        a = aligned(work.a());
        c = aligned(new float[work.m() * work.n()]);
        rows = aligned(work.b());
        columns = aligned(WeightLayout.columns(work));
        layout = WeightLayout.faster(this::multiply);
    }

    private MemorySegment aligned(float[] values) {
        return arena.allocate((long) values.length * Float.BYTES, ALIGNMENT).copyFrom(MemorySegment.ofArray(values));
    }

    private void multiply(WeightLayout form) {
        boolean isRows = form == WeightLayout.ROWS;
        OpenBlas.get().sgemm(ROW_MAJOR, NO_TRANSPOSE, isRows ? TRANSPOSE : NO_TRANSPOSE, work.m(), work.n(), work.k(), a, work.k(), isRows ? rows : columns,
                isRows ? work.k() : work.n(), c, work.n());
    }

    @Override
    public String label() {
        return "openblas 0.3.31 sgemm (" + OpenBlas.get().core() + ")";
    }

    @Override
    public void run() {
        multiply(layout);
    }

    @Override
    public float[] result() {
        return c.toArray(ValueLayout.JAVA_FLOAT);
    }

    @Override
    public void close() {
        arena.close();
    }
}
