package vit.bench.peers;

import java.io.IOException;
import vit.model.Optimizer;
import vit.model.TrainingOptions;
import vit.model.VitTraining;
import vit.model.config.VitConfig;
import vit.model.parameters.Parameter;

/** This project's training step. */
final class OurTraining implements PreparedWork {

    private static final int LEAST_WARM_UP_STEPS = 12_000;
    private static final long WARM_UP_NANOS = 20_000_000_000L;

    private final Work.Training work;
    private final VitTraining training;

    OurTraining(Work.Training work) throws IOException {
        this.work = work;
        warmUp(work);
        training = VitTraining.of(work.weights(), TrainingOptions.of(work.threads(), work.batch()), optimizer());
    }

    private static Optimizer optimizer() {
        return Optimizer.adamW(Work.Training.WEIGHT_DECAY);
    }

    /** Runs small steps first, so that the kernels are compiled. An interpreted step of full size takes minutes. */
    private static void warmUp(Work.Training work) throws IOException {
        VitConfig tiny = work.weights().config().toBuilder().image(20, 20).patch(4).width(68).depth(1).heads(2).headDim(36).mlp(68).classes(36).build();
        Work.Training small = Work.Training.of("warm-up", tiny, 1, true, work.threads());
        long start = System.nanoTime();
        try (VitTraining session = VitTraining.of(small.weights(), TrainingOptions.of(work.threads(), 1), optimizer())) {
            for (int i = 0; i < LEAST_WARM_UP_STEPS && System.nanoTime() - start < WARM_UP_NANOS; i++) {
                step(session, small);
            }
        }
    }

    private static void step(VitTraining session, Work.Training work) {
        session.clearGradients();
        session.accumulate(work.images(), work.labels(), work.batch(), 1.0 / work.batch());
        if (work.update()) {
            session.step(Work.Training.RATE, 1);
        }
    }

    @Override
    public String label() {
        return "vit";
    }

    @Override
    public void run() {
        step(training, work);
    }

    @Override
    public float[] result() {
        float[] gradients = new float[work.size()];
        int at = 0;
        for (Parameter parameter : work.compared()) {
            float[] values = new float[Math.toIntExact(parameter.shape().size())];
            training.readGradient(parameter, values);
            System.arraycopy(values, 0, gradients, at, values.length);
            at += values.length;
        }
        return gradients;
    }

    @Override
    public void close() {
        training.close();
    }
}
