package vit.bench.peers.ejml;

import java.util.EnumSet;
import java.util.Set;
import org.ejml.EjmlVersion;
import org.ejml.concurrency.EjmlConcurrency;
import org.ejml.data.FMatrixRMaj;
import org.ejml.dense.row.CommonOps_FDRM;
import org.ejml.dense.row.CommonOps_MT_FDRM;
import vit.bench.peers.Contender;
import vit.bench.peers.PreparedWork;
import vit.bench.peers.WeightLayout;
import vit.bench.peers.Work;

/** EJML's product of dense float matrices, {@code CommonOps_FDRM}, and its form with threads where there are more than one. */
public final class EjmlContender implements Contender {

    /** For the service loader. */
    public EjmlContender() {}

    @Override
    public String name() {
        return "ejml";
    }

    @Override
    public Set<Work.Kind> kinds() {
        return EnumSet.of(Work.Kind.GEMM);
    }

    @Override
    public PreparedWork prepare(Work work) {
        return new Product((Work.Gemm) work);
    }

    private static final class Product implements PreparedWork {
        private final boolean threads;
        private final FMatrixRMaj a; // (M, K)
        private final FMatrixRMaj rows; // (N, K)
        private final FMatrixRMaj columns; // (K, N)
        private final FMatrixRMaj c; // (M, N)
        private final WeightLayout layout;

        Product(Work.Gemm work) {
            threads = work.threads() > 1;
            EjmlConcurrency.setMaxThreads(work.threads());
            a = FMatrixRMaj.wrap(work.m(), work.k(), work.a());
            rows = FMatrixRMaj.wrap(work.n(), work.k(), work.b());
            columns = FMatrixRMaj.wrap(work.k(), work.n(), WeightLayout.columns(work));
            c = new FMatrixRMaj(work.m(), work.n());
            layout = WeightLayout.faster(this::multiply);
        }

        private void multiply(WeightLayout form) {
            if (form == WeightLayout.ROWS) {
                if (threads) {
                    CommonOps_MT_FDRM.multTransB(a, rows, c);
                } else {
                    CommonOps_FDRM.multTransB(a, rows, c);
                }
            } else if (threads) {
                CommonOps_MT_FDRM.mult(a, columns, c);
            } else {
                CommonOps_FDRM.mult(a, columns, c);
            }
        }

        @Override
        public String label() {
            return "ejml " + EjmlVersion.VERSION + (threads ? " CommonOps_MT_FDRM" : " CommonOps_FDRM");
        }

        @Override
        public void run() {
            multiply(layout);
        }

        @Override
        public float[] result() {
            return c.data;
        }
    }
}
