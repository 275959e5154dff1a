package vit.bench.peers.ojalgo;

import java.util.EnumSet;
import java.util.Set;
import org.ojalgo.OjAlgoUtils;
import org.ojalgo.machine.VirtualMachine;
import org.ojalgo.matrix.store.MatrixStore;
import org.ojalgo.matrix.store.R032Store;
import vit.bench.peers.Contender;
import vit.bench.peers.PreparedWork;
import vit.bench.peers.WeightLayout;
import vit.bench.peers.Work;

/** ojAlgo's product of dense float matrices, {@code R032Store.fillByMultiplying}. It splits large products over its own threads. */
public final class OjAlgoContender implements Contender {

    /** For the service loader. */
    public OjAlgoContender() {}

    @Override
    public String name() {
        return "ojalgo";
    }

    @Override
    public Set<Work.Kind> kinds() {
        return EnumSet.of(Work.Kind.GEMM);
    }

    @Override
    public PreparedWork prepare(Work work) {
        return new Product((Work.Gemm) work);
    }

    /** C = A·Bᵀ. The library's matrices are column-major, so it is asked for Cᵀ = B·Aᵀ. */
    private static final class Product implements PreparedWork {

        /** What ojAlgo found out about the machine; limits can only be lowered, so each starts from here. */
        private static final VirtualMachine MACHINE = OjAlgoUtils.ENVIRONMENT;

        private final R032Store a; // Aᵀ
        private final MatrixStore<Double> rows; // B, seen through its transpose
        private final R032Store columns; // B
        private final R032Store c; // Cᵀ
        private final WeightLayout layout;

        Product(Work.Gemm work) {
            OjAlgoUtils.ENVIRONMENT = MACHINE;
            OjAlgoUtils.limitThreadsTo(work.threads());
            a = R032Store.wrap(work.a(), work.k());
            rows = R032Store.wrap(work.b(), work.k()).transpose();
            columns = R032Store.wrap(WeightLayout.columns(work), work.n());
            c = R032Store.FACTORY.make(work.n(), work.m());
            layout = WeightLayout.faster(this::multiply);
        }

        private void multiply(WeightLayout form) {
            c.fillByMultiplying(form == WeightLayout.ROWS ? rows : columns, a);
        }

        @Override
        public String label() {
            return "ojalgo " + OjAlgoUtils.getVersion() + " R032Store";
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
