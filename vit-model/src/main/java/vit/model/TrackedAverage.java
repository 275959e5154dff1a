package vit.model;

import vit.kernels.parallel.Workers;
import vit.kernels.tensor.TensorArena;
import vit.model.backward.TrainingParameters;
import vit.model.backward.WeightAverages;
import vit.model.config.VitConfig;
import vit.model.parameters.ParameterTensors;

/**
 * The moving average of a training's weights, which takes memory only once it is tracked. {@link #bytes} may be asked by any thread; every other
 * method belongs into a call of the training that has begun, or follows the last one.
 */
final class TrackedAverage implements AutoCloseable {

    private WeightAverages averages; // null until it is tracked
    private volatile TensorArena memory; // the same

    /** Begins the average as a copy of the weights; does nothing if it has begun. Its memory is given back at once if this fails. */
    void begin(VitConfig config, TrainingParameters values, Workers workers) {
        if (averages != null) {
            return;
        }
        TensorArena own = TensorArena.open();
        boolean done = false;
        try {
            WeightAverages planned = new WeightAverages(config, values, own);
            planned.prepare(0);
            workers.run(planned);
            averages = planned;
            memory = own;
            done = true;
        } finally {
            if (!done) {
                own.close();
            }
        }
    }

    /** average = decay · average + (1 − decay) · weights. */
    void update(double decay, Workers workers) {
        requireBegun();
        averages.prepare(decay);
        workers.run(averages);
    }

    ParameterTensors tensors() {
        requireBegun();
        return averages.tensors();
    }

    private void requireBegun() {
        if (averages == null) {
            throw new IllegalStateException("no average is tracked; call trackAverage");
        }
    }

    /** Bytes held. */
    long bytes() {
        TensorArena held = memory;
        return held == null ? 0 : held.bytes();
    }

    @Override
    public void close() {
        if (memory != null) {
            memory.close();
        }
    }
}
