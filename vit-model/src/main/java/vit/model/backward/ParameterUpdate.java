package vit.model.backward;

import java.util.List;
import vit.kernels.optim.Adam;
import vit.kernels.optim.Sgd;
import vit.kernels.parallel.Worker;
import vit.kernels.parallel.Workers;
import vit.kernels.tensor.Tensor;
import vit.kernels.tensor.TensorArena;
import vit.model.Optimizer;
import vit.model.config.VitConfig;
import vit.model.parameters.Parameter;
import vit.model.parameters.ParameterTensors;

/**
 * One step of an optimiser over all parameters that are trained; after it, the weights of convolutions are standardised again. Every worker updates
 * its share of every tensor, because elements do not depend on one another. The states (velocity, or mean and square) have the layout of the weights.
 */
public final class ParameterUpdate implements Workers.Task {

    private final TrainingParameters parameters;
    private final ParameterTensors first; // SGD's velocity, Adam's mean
    private final ParameterTensors second; // Adam's mean of squares; null for SGD
    private final Tensor[] values;
    private final Tensor[] gradients;
    private final Tensor[] firsts;
    private final Tensor[] seconds;
    private final double[] rateFactors;
    private final double[] decays;
    private final Sgd sgd;
    private final Adam adam;

    private double rate;
    private double gradientScale;
    private int step;

    public ParameterUpdate(VitConfig config, TrainingParameters parameters, Optimizer optimizer, TensorArena arena) {
        this.parameters = parameters;
        this.sgd = optimizer.sgd();
        this.adam = optimizer.adam();
        List<Parameter> list = parameters.trained();
        first = new ParameterTensors(config, list, arena);
        second = adam == null ? null : new ParameterTensors(config, list, arena);
        int count = list.size();
        values = new Tensor[count];
        gradients = new Tensor[count];
        firsts = new Tensor[count];
        seconds = new Tensor[count];
        rateFactors = new double[count];
        decays = new double[count];
        for (int i = 0; i < count; i++) {
            Parameter parameter = list.get(i);
            values[i] = parameters.weights().tensors().elements(parameter);
            gradients[i] = parameters.gradients().tensors().elements(parameter);
            firsts[i] = first.elements(parameter);
            seconds[i] = second == null ? null : second.elements(parameter);
            rateFactors[i] = optimizer.rateFactor(parameter, config);
            decays[i] = optimizer.weightDecay(parameter);
        }
    }

    /** SGD's velocity, or Adam's mean of gradients. */
    public ParameterTensors firstState() {
        return first;
    }

    /** Adam's mean of squares; null with SGD. */
    public ParameterTensors secondState() {
        return second;
    }

    /** Sets what the next run does. */
    public void prepare(double learningRate, double scale, int number) {
        rate = learningRate;
        gradientScale = scale;
        step = number;
    }

    @Override
    public void run(Worker w) {
        for (int i = 0; i < values.length; i++) {
            int lines = (elements(values[i]) + LINE - 1) / LINE;
            int from = w.from(lines) * LINE;
            int to = Math.min(elements(values[i]), w.to(lines) * LINE);
            if (from < to) {
                if (adam != null) {
                    adam.update(values[i], firsts[i], seconds[i], gradients[i], rate * rateFactors[i], decays[i], gradientScale,
                            step, from, to);
                } else {
                    sgd.update(values[i], firsts[i], gradients[i], rate * rateFactors[i], decays[i], gradientScale, from, to);
                }
            }
        }
        w.barrier();
        parameters.standardize(w);
    }

    /** Elements of a cache line. Shares consist of whole lines, so no two workers write to the same one. */
    private static final int LINE = TensorArena.ALIGNMENT / Float.BYTES;

    private static int elements(Tensor tensor) {
        return Math.toIntExact((long) tensor.rows() * tensor.rowStride());
    }
}
