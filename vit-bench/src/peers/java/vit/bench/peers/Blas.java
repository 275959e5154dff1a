package vit.bench.peers;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.FloatBuffer;
import org.bytedeco.javacpp.FloatPointer;
import org.bytedeco.mkl.global.mkl_rt;

/**
 * sgemm of another library, row-major, on 64-byte aligned memory. The weight is laid out beforehand in the form in which the library is faster, (N,
 * K) or (K, N), as a few trial calls find out.
 */
final class Blas implements Contender {

    private static final int ROW_MAJOR = 101;
    private static final int NO_TRANSPOSE = 111;
    private static final int TRANSPOSE = 112;
    private static final int PACKED = 151;
    private static final int B_MATRIX = 162;
    private static final int ALIGNMENT = 64;
    private static final int TRIALS = 3;

    /** The library and its function. */
    enum Library {
        MKL("mkl 2025.3 sgemm"),
        /** MKL's function for weights that are packed beforehand. */
        MKL_PACKED("mkl 2025.3 sgemm_compute, B packed"),
        OPENBLAS("openblas 0.3.31 sgemm");

        private final String label;

        Library(String label) {
            this.label = label;
        }

        String label() {
            return label;
        }
    }

    private final Library library;
    private final GemmShape shape;
    private final FloatPointer a; // (M, K)
    private final FloatPointer c; // (M, N)
    private final FloatPointer b; // (N, K)
    private final FloatPointer transposed; // (K, N)
    private final FloatPointer packed; // MKL's own layout, or null
    private boolean useTransposed;

    Blas(Library library, GemmShape shape, float[] a, float[] b, int threads) {
        this.library = library;
        this.shape = shape;
        setThreads(library, threads);
        this.a = aligned(a.length).put(a);
        this.b = aligned(b.length).put(b);
        this.c = aligned(shape.m() * shape.n());
        float[] columns = new float[b.length];
        for (int n = 0; n < shape.n(); n++) {
            for (int k = 0; k < shape.k(); k++) {
                columns[k * shape.n() + n] = b[n * shape.k() + k];
            }
        }
        transposed = aligned(b.length).put(columns);
        packed = library == Library.MKL_PACKED ? pack() : null;
        if (packed == null) {
            chooseLayout();
        }
    }

    private static void setThreads(Library library, int threads) {
        if (library == Library.OPENBLAS) {
            OpenBlas.get().setThreads(threads);
            return;
        }
        mkl_rt.MKL_Set_Num_Threads(threads);
        int found = mkl_rt.MKL_Get_Max_Threads();
        if (found != threads) {
            throw new IllegalStateException("MKL uses " + found + " threads instead of " + threads);
        }
    }

    private static FloatPointer aligned(int floats) {
        FloatBuffer buffer = ByteBuffer.allocateDirect(floats * Float.BYTES + ALIGNMENT).alignedSlice(ALIGNMENT)
                .order(ByteOrder.nativeOrder()).asFloatBuffer();
        return new FloatPointer(buffer);
    }

    private FloatPointer pack() {
        long bytes = mkl_rt.cblas_sgemm_pack_get_size(B_MATRIX, shape.m(), shape.n(), shape.k());
        FloatPointer target = aligned(Math.toIntExact((bytes + Float.BYTES - 1) / Float.BYTES));
        mkl_rt.cblas_sgemm_pack(ROW_MAJOR, B_MATRIX, TRANSPOSE, shape.m(), shape.n(), shape.k(), 1f, b, shape.k(), target);
        return target;
    }

    private void chooseLayout() {
        double best = Double.POSITIVE_INFINITY;
        boolean faster = false;
        for (int trial = 0; trial < TRIALS; trial++) {
            for (boolean layout : new boolean[] {false, true}) {
                useTransposed = layout;
                run();
                long start = System.nanoTime();
                run();
                long nanos = System.nanoTime() - start;
                if (nanos < best) {
                    best = nanos;
                    faster = layout;
                }
            }
        }
        useTransposed = faster;
    }

    @Override
    public String name() {
        return library == Library.OPENBLAS ? library.label + " (" + OpenBlas.get().core() + ")" : library.label;
    }

    @Override
    public void run() {
        int m = shape.m();
        int n = shape.n();
        int k = shape.k();
        int form = useTransposed ? NO_TRANSPOSE : TRANSPOSE;
        FloatPointer weight = useTransposed ? transposed : b;
        int stride = useTransposed ? n : k;
        switch (library) {
            case MKL -> mkl_rt.cblas_sgemm(ROW_MAJOR, NO_TRANSPOSE, form, m, n, k, 1f, a, k, weight, stride, 0f, c, n);
            case MKL_PACKED -> mkl_rt.cblas_sgemm_compute(ROW_MAJOR, NO_TRANSPOSE, PACKED, m, n, k, a, k, packed, k, 0f, c, n);
            case OPENBLAS -> OpenBlas.get().sgemm(ROW_MAJOR, NO_TRANSPOSE, form, m, n, k, a.address(), k, weight.address(), stride, c.address(), n);
        }
    }

    @Override
    public float[] result() {
        float[] values = new float[shape.m() * shape.n()];
        c.get(values);
        return values;
    }

    @Override
    public void close() {
        // The garbage collector frees the buffers.
    }
}
