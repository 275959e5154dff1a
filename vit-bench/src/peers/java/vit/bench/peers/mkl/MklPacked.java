package vit.bench.peers.mkl;

import org.bytedeco.javacpp.FloatPointer;
import org.bytedeco.mkl.global.mkl_rt;
import vit.bench.peers.PreparedWork;
import vit.bench.peers.Work;

/** MKL's {@code cblas_sgemm_compute}, with the weight packed beforehand. */
final class MklPacked implements PreparedWork {

    private static final int PACKED = 151;
    private static final int B_MATRIX = 162;

    private final Work.Gemm work;
    private final FloatPointer a; // (M, K)
    private final FloatPointer c; // (M, N)
    private final FloatPointer packed; // in MKL's own layout

    MklPacked(Work.Gemm work) {
        this.work = work;
        Mkl.setThreads(work.threads());
        a = Mkl.aligned(work.a().length).put(work.a());
        c = Mkl.aligned(work.m() * work.n());
        FloatPointer rows = Mkl.aligned(work.b().length).put(work.b());
        long bytes = mkl_rt.cblas_sgemm_pack_get_size(B_MATRIX, work.m(), work.n(), work.k());
        packed = Mkl.aligned(Math.toIntExact((bytes + Float.BYTES - 1) / Float.BYTES));
        mkl_rt.cblas_sgemm_pack(Mkl.ROW_MAJOR, B_MATRIX, Mkl.TRANSPOSE, work.m(), work.n(), work.k(), 1f, rows, work.k(), packed);
    }

    @Override
    public String label() {
        return Mkl.VERSION + " sgemm_compute, B packed";
    }

    @Override
    public void run() {
        mkl_rt.cblas_sgemm_compute(Mkl.ROW_MAJOR, Mkl.NO_TRANSPOSE, PACKED, work.m(), work.n(), work.k(), a, work.k(), packed, work.k(), 0f, c, work.n());
    }

    @Override
    public float[] result() {
        float[] values = new float[work.m() * work.n()];
        c.get(values);
        return values;
    }
}
