package vit.bench.peers.netlib;

import java.util.EnumSet;
import java.util.Set;
import vit.bench.peers.Contender;
import vit.bench.peers.PreparedWork;
import vit.bench.peers.Work;

/** The BLAS of dev.ludovic.netlib as its users get it where the Vector API is present: {@code VectorBLAS}. */
public final class NetlibContender implements Contender {

    /** For the service loader. */
    public NetlibContender() {}

    @Override
    public String name() {
        return "netlib-vector";
    }

    @Override
    public Set<Work.Kind> kinds() {
        return EnumSet.of(Work.Kind.GEMM, Work.Kind.DOT);
    }

    @Override
    public PreparedWork prepare(Work work) {
        return NetlibBlas.of(NetlibBlas.vector(), work);
    }
}
