package vit.model.backward;

import java.util.ArrayList;
import java.util.List;
import vit.kernels.jit.Rehearsal;
import vit.kernels.optim.Adam;
import vit.kernels.optim.GradientNorm;
import vit.kernels.optim.Sgd;
import vit.kernels.optim.WeightAverage;
import vit.model.Optimizer;
import vit.model.config.VitConfig;
import vit.model.forward.KernelCompilation;

/**
 * The kernels of a training beyond those of a forward pass, for {@link KernelCompilation}: those that run over all parameters, in which the
 * interpreter would spend most of the first step. {@link vit.model.VitTraining#warmUp} compiles the others.
 */
public final class TrainingKernels {

    private TrainingKernels() {}

    /**
     * Begins to compile the kernels of this training, unless that has been done.
     *
     * @param merging whether it merges tokens
     */
    public static void compile(VitConfig config, boolean merging, Optimizer optimizer) {
        KernelCompilation.include(config);
        if (merging) {
            KernelCompilation.includeMerging();
        }
        KernelCompilation.begin("training", TrainingKernels::plain);
        if (optimizer != null) {
            KernelCompilation.begin(optimizer.adam() == null ? "SGD" : "Adam", optimizer.adam() == null ? Sgd::rehearsals : Adam::rehearsals);
        }
    }

    private static List<Rehearsal> plain() {
        List<Rehearsal> kernels = new ArrayList<>(GradientNorm.rehearsals());
        kernels.addAll(WeightAverage.rehearsals());
        return kernels;
    }
}
