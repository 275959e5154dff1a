package vit.bench.peers.mkl;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.FloatBuffer;
import org.bytedeco.javacpp.FloatPointer;
import org.bytedeco.mkl.global.mkl_rt;
import vit.bench.peers.PreparedWork;
import vit.bench.peers.WeightLayout;
import vit.bench.peers.Work;

/** MKL's {@code cblas_sgemm}, row-major, on 64-byte aligned memory, with the weight in the faster layout. */
final class Mkl implements PreparedWork {

    static final String VERSION = "mkl 2025.3";
    static final int ROW_MAJOR = 101;
    static final int NO_TRANSPOSE = 111;
    static final int TRANSPOSE = 112;

    private static final int ALIGNMENT = 64;

    private final Work.Gemm work;
    private final FloatPointer a; // (M, K)
    private final FloatPointer c; // (M, N)
    private final FloatPointer rows; // (N, K)
    private final FloatPointer columns; // (K, N)
    private final WeightLayout layout;

    Mkl(Work.Gemm work) {
        this.work = work;
        setThreads(work.threads());
        a = aligned(work.a().length).put(work.a());
        c = aligned(work.m() * work.n());
        rows = aligned(work.b().length).put(work.b());
        columns = aligned(work.b().length).put(WeightLayout.columns(work));
        layout = WeightLayout.faster(this::multiply);
    }

    /** Sets the number of threads, and reads it back. */
    static void setThreads(int threads) {
        mkl_rt.MKL_Set_Num_Threads_Local(0); // PyTorch sets the number of the calling thread, which has precedence
        mkl_rt.MKL_Set_Num_Threads(threads);
        int found = mkl_rt.MKL_Get_Max_Threads();
        if (found != threads) {
            throw new IllegalStateException("MKL uses " + found + " threads instead of " + threads);
        }
    }

    static FloatPointer aligned(int floats) {
        FloatBuffer buffer = ByteBuffer.allocateDirect(floats * Float.BYTES + ALIGNMENT).alignedSlice(ALIGNMENT)
                .order(ByteOrder.nativeOrder()).asFloatBuffer();
        return new FloatPointer(buffer); // the garbage collector frees it
    }

    private void multiply(WeightLayout form) {
        boolean isRows = form == WeightLayout.ROWS;
        mkl_rt.cblas_sgemm(ROW_MAJOR, NO_TRANSPOSE, isRows ? TRANSPOSE : NO_TRANSPOSE, work.m(), work.n(), work.k(), 1f, a, work.k(), isRows ? rows : columns,
                isRows ? work.k() : work.n(), 0f, c, work.n());
    }

    @Override
    public String label() {
        return VERSION + " sgemm";
    }

    @Override
    public void run() {
        multiply(layout);
    }

    @Override
    public float[] result() {
        float[] values = new float[work.m() * work.n()];
        c.get(values);
        return values;
    }
}
