package vit.bench.peers.mkl;

import java.util.EnumSet;
import java.util.Set;
import vit.bench.peers.Contender;
import vit.bench.peers.PreparedWork;
import vit.bench.peers.Work;

/** MKL's sgemm. */
public final class MklContender implements Contender {

    /** For the service loader. */
    public MklContender() {}

    @Override
    public String name() {
        return "mkl";
    }

    @Override
    public Set<Work.Kind> kinds() {
        return EnumSet.of(Work.Kind.GEMM);
    }

    @Override
    public PreparedWork prepare(Work work) {
        return new Mkl((Work.Gemm) work);
    }
}
