package vit.bench.peers.openblas;

import java.util.EnumSet;
import java.util.Set;
import vit.bench.peers.Contender;
import vit.bench.peers.PreparedWork;
import vit.bench.peers.Work;

/** OpenBLAS's sgemm. */
public final class OpenBlasContender implements Contender {

    /** For the service loader. */
    public OpenBlasContender() {}

    @Override
    public String name() {
        return "openblas";
    }

    @Override
    public Set<Work.Kind> kinds() {
        return EnumSet.of(Work.Kind.GEMM);
    }

    @Override
    public PreparedWork prepare(Work work) {
        return new OpenBlasGemm((Work.Gemm) work);
    }
}
