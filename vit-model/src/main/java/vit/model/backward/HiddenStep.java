package vit.model.backward;

import vit.kernels.gelu.Gelu;
import vit.kernels.gelu.GeluKind;
import vit.kernels.parallel.Worker;
import vit.kernels.swiglu.SwiGlu;
import vit.kernels.tensor.Tensor;
import vit.model.config.MlpConfig;
import vit.model.config.VitConfig;
import vit.model.parameters.Parameters;

/** What is between the two layers of an MLP, forward and backward; the twins are the {@code MlpLayer}s of {@code vit.model.forward}. */
sealed interface HiddenStep {

    /** hidden (rows, F) from z (rows, outputs of fc₁). A barrier is at the end. */
    void forward(Tensor hidden, Tensor z, int rows, Worker w);

    /**
     * The gradient of z from that of hidden, which is overwritten. {@link #forward} has run for the same z just before. The result is complete at the next
     * barrier.
     *
     * @return (rows, outputs of fc₁), which may be {@code dhidden} itself
     */
    Tensor backward(Tensor dhidden, Tensor z, int rows, Worker w);

    /** The step of block {@code i}. */
    static HiddenStep of(VitConfig config, TrainingParameters p, int i, TrainingMemory memory) {
        MlpConfig mlp = config.block().mlp();
        HiddenStep step = switch (mlp.kind()) {
            case GELU -> new GeluStep(mlp.gelu());
            case SWIGLU -> new SwiGluStep(memory.dexpanded);
        };
        return mlp.innerNorm() ? new NormedStep(step, p.norm(Parameters.block(i, Parameters.MLP_NORM)), memory) : step;
    }

    /** gelu(z). */
    record GeluStep(GeluKind kind) implements HiddenStep {
        @Override
        public void forward(Tensor hidden, Tensor z, int rows, Worker w) {
            Gelu.forward(hidden, z, kind, rows, w);
            w.barrier();
        }

        @Override
        public Tensor backward(Tensor dhidden, Tensor z, int rows, Worker w) {
            Gelu.backward(dhidden, dhidden, z, kind, rows, w);
            return dhidden;
        }
    }

    /** silu(a)·b with z = [a | b]. */
    record SwiGluStep(Tensor dz) implements HiddenStep {
        @Override
        public void forward(Tensor hidden, Tensor z, int rows, Worker w) {
            SwiGlu.forward(hidden, z, rows, w);
            w.barrier();
        }

        @Override
        public Tensor backward(Tensor dhidden, Tensor z, int rows, Worker w) {
            SwiGlu.backward(dz, dhidden, z, rows, w);
            return dz;
        }
    }

    /** A norm after another step. */
    record NormedStep(HiddenStep inner, TrainingNorm norm, TrainingMemory memory) implements HiddenStep {
        @Override
        public void forward(Tensor hidden, Tensor z, int rows, Worker w) {
            inner.forward(memory.unnormed, z, rows, w);
            norm.forward(hidden, memory.hiddenMean, memory.hiddenRstd, memory.unnormed, rows, w);
            w.barrier();
        }

        @Override
        public Tensor backward(Tensor dhidden, Tensor z, int rows, Worker w) {
            norm.backward(memory.dunnormed, dhidden, memory.unnormed, memory.hiddenMean, memory.hiddenRstd, rows, w);
            return inner.backward(memory.dunnormed, z, rows, w);
        }
    }
}
