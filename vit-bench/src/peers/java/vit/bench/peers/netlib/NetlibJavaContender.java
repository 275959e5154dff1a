package vit.bench.peers.netlib;

import java.util.EnumSet;
import java.util.Set;
import vit.bench.peers.Contender;
import vit.bench.peers.PreparedWork;
import vit.bench.peers.Work;

/** The BLAS of dev.ludovic.netlib as its users get it without the Vector API: plain Java. */
public final class NetlibJavaContender implements Contender {

    /** For the service loader. */
    public NetlibJavaContender() {}

    @Override
    public String name() {
        return "netlib-java";
    }

    @Override
    public Set<Work.Kind> kinds() {
        return EnumSet.of(Work.Kind.GEMM, Work.Kind.DOT);
    }

    @Override
    public PreparedWork prepare(Work work) throws ReflectiveOperationException {
        return NetlibBlas.of(NetlibBlas.plain(), work);
    }
}
