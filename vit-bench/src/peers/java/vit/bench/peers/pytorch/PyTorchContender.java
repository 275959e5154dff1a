package vit.bench.peers.pytorch;

import java.util.EnumSet;
import java.util.Set;
import vit.bench.peers.Contender;
import vit.bench.peers.PreparedWork;
import vit.bench.peers.Work;

/** PyTorch's own functions, called through DJL. */
public final class PyTorchContender implements Contender {

    /** For the service loader. */
    public PyTorchContender() {}

    @Override
    public String name() {
        return "pytorch";
    }

    @Override
    public Set<Work.Kind> kinds() {
        return EnumSet.allOf(Work.Kind.class);
    }

    @Override
    public PreparedWork prepare(Work work) throws Exception {
        return switch (work) {
            case Work.Training training -> new PyTorchTraining(training);
            case Work.Forward forward -> new PyTorchForward(forward);
            default -> new PyTorchKernel(work);
        };
    }
}
