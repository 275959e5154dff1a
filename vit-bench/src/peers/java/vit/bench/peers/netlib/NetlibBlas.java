package vit.bench.peers.netlib;

import dev.ludovic.netlib.blas.JavaBLAS;
import java.lang.reflect.Method;
import java.util.logging.Level;
import java.util.logging.Logger;
import vit.bench.peers.LibraryVersion;
import vit.bench.peers.PreparedWork;
import vit.bench.peers.WeightLayout;
import vit.bench.peers.Work;

/** {@code sgemm} and {@code sdot} of a BLAS in Java. It has no threads of its own. */
final class NetlibBlas {

    /** Reports which implementation is used; kept, because loggers are collected otherwise. */
    private static final Logger LOGGER = Logger.getLogger("dev.ludovic.netlib.blas.InstanceBuilder");

    private NetlibBlas() {}

    /** The implementation on the Vector API. */
    static JavaBLAS vector() {
        System.setProperty("dev.ludovic.netlib.blas.allowNative", "false");
        LOGGER.setLevel(Level.WARNING);
        JavaBLAS blas = JavaBLAS.getInstance();
        if (!name(blas).equals("VectorBLAS")) {
            throw new UnsupportedOperationException("the library offers " + name(blas) + " on this JDK, no VectorBLAS");
        }
        return blas;
    }

    /** The implementation that {@link JavaBLAS#getInstance} would give without the module of the Vector API. Its class is not public. */
    static JavaBLAS plain() throws ReflectiveOperationException {
        Method instance = Class.forName("dev.ludovic.netlib.blas.Java11BLAS").getMethod("getInstance");
        instance.setAccessible(true);
        return (JavaBLAS) instance.invoke(null);
    }

    private static String name(JavaBLAS blas) {
        return blas.getClass().getSimpleName();
    }

    static PreparedWork of(JavaBLAS blas, Work work) {
        return work instanceof Work.Gemm gemm ? new Product(blas, gemm) : new Dots(blas, (Work.DotProducts) work);
    }

    private static String label(JavaBLAS blas, String function) {
        return "netlib " + LibraryVersion.of(JavaBLAS.class, "dev.ludovic.netlib", "blas") + " " + name(blas) + " " + function;
    }

    private static String threads(Work work) {
        return work.threads() > 1 ? "one thread" : "";
    }

    /** C = A·Bᵀ. The library's matrices are column-major, so it is asked for Cᵀ = B·Aᵀ, with the weight in the faster layout. */
    private static final class Product implements PreparedWork {
        private final JavaBLAS blas;
        private final Work.Gemm work;
        private final float[] columns; // (K, N)
        private final float[] c; // (M, N)
        private final WeightLayout layout;

        Product(JavaBLAS blas, Work.Gemm work) {
            this.blas = blas;
            this.work = work;
            columns = WeightLayout.columns(work);
            c = new float[work.m() * work.n()];
            layout = WeightLayout.faster(this::multiply);
        }

        private void multiply(WeightLayout form) {
            if (form == WeightLayout.ROWS) {
                blas.sgemm("T", "N", work.n(), work.m(), work.k(), 1f, work.b(), work.k(), work.a(), work.k(), 0f, c, work.n());
            } else {
                blas.sgemm("N", "N", work.n(), work.m(), work.k(), 1f, columns, work.n(), work.a(), work.k(), 0f, c, work.n());
            }
        }

        @Override
        public String label() {
            return NetlibBlas.label(blas, "sgemm");
        }

        @Override
        public String differences() {
            return threads(work);
        }

        @Override
        public void run() {
            multiply(layout);
        }

        @Override
        public float[] result() {
            return c;
        }
    }

    /** One vector against many, a call each. */
    private record Dots(JavaBLAS blas, Work.DotProducts work, float[] result) implements PreparedWork {
        Dots(JavaBLAS blas, Work.DotProducts work) {
            this(blas, work, new float[work.count()]);
        }

        @Override
        public String label() {
            return NetlibBlas.label(blas, "sdot");
        }

        @Override
        public String differences() {
            return threads(work);
        }

        @Override
        public void run() {
            int width = work.width();
            for (int i = 0; i < result.length; i++) {
                result[i] = blas.sdot(width, work.query(), 0, 1, work.vectors(), i * width, 1);
            }
        }
    }
}
