package vit.bench.peers.mkl;

import java.util.EnumSet;
import java.util.Set;
import vit.bench.peers.Contender;
import vit.bench.peers.PreparedWork;
import vit.bench.peers.Work;

/** MKL's function for a weight that is packed beforehand. */
public final class MklPackedContender implements Contender {

    /** For the service loader. */
    public MklPackedContender() {}

    @Override
    public String name() {
        return "mkl-packed";
    }

    @Override
    public Set<Work.Kind> kinds() {
        return EnumSet.of(Work.Kind.GEMM);
    }

    @Override
    public PreparedWork prepare(Work work) {
        return new MklPacked((Work.Gemm) work);
    }
}
