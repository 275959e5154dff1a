package vit.model.backward;

import vit.kernels.optim.WeightAverage;
import vit.kernels.parallel.Worker;
import vit.kernels.parallel.Workers;
import vit.kernels.tensor.Tensor;
import vit.kernels.tensor.TensorArena;
import vit.model.config.VitConfig;
import vit.model.parameters.ParameterTensors;

/** The exponential moving average of all weights that are trained, in the layout of the weights. Every worker updates its share of every tensor. */
public final class WeightAverages implements Workers.Task {

    /** Elements of a cache line. Shares consist of whole lines, so no two workers write to the same one. */
    private static final int LINE = TensorArena.ALIGNMENT / Float.BYTES;

    private final ParameterTensors tensors;
    private final Tensor[] averages;
    private final Tensor[] weights;

    private double decay;

    /** Plans the memory. One run with decay 0 then makes the averages a copy of the weights. */
    public WeightAverages(VitConfig config, TrainingParameters parameters, TensorArena arena) {
        tensors = new ParameterTensors(config, parameters.trained(), arena);
        averages = parameters.trained().stream().map(tensors::elements).toArray(Tensor[]::new);
        weights = parameters.trained().stream().map(parameters.weights().tensors()::elements).toArray(Tensor[]::new);
    }

    public ParameterTensors tensors() {
        return tensors;
    }

    /** Sets what the next run does; decay 0 copies. */
    public void prepare(double value) {
        decay = value;
    }

    @Override
    public void run(Worker w) {
        for (int i = 0; i < averages.length; i++) {
            int elements = Math.toIntExact((long) averages[i].rows() * averages[i].rowStride());
            int lines = (elements + LINE - 1) / LINE;
            int from = w.from(lines) * LINE;
            int to = Math.min(elements, w.to(lines) * LINE);
            if (from < to) {
                WeightAverage.update(averages[i], weights[i], decay, from, to);
            }
        }
    }
}
