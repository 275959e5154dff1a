package vit.bench.peers.pytorch;

import ai.djl.engine.Engine;
import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;
import ai.djl.pytorch.engine.PtNDArray;
import ai.djl.pytorch.jni.JniUtils;
import ai.djl.training.GradientCollector;
import ai.djl.training.loss.Loss;
import ai.djl.training.optimizer.Optimizer;
import ai.djl.training.tracker.Tracker;
import java.io.IOException;
import java.util.List;
import vit.bench.peers.PreparedWork;
import vit.bench.peers.Work;
import vit.model.parameters.Parameter;

/** PyTorch's training step through DJL: DJL's gradient collector over PyTorch's autograd, DJL's cross-entropy and its AdamW. */
final class PyTorchTraining implements PreparedWork {

    private final Work.Training work;
    private final Engine engine;
    private final NDManager manager;
    private final PyTorchVit model;
    private final NDArray images;
    private final NDArray labels;
    private final Loss loss = Loss.softmaxCrossEntropyLoss();
    private final Optimizer optimizer = Optimizer.adamW().optLearningRateTracker(Tracker.fixed(Work.Training.RATE))
            .optWeightDecays(Work.Training.WEIGHT_DECAY).build();

    private float[] firstGradients; // null before the first step

    PyTorchTraining(Work.Training work) throws IOException {
        this.work = work;
        engine = PyTorch.start(work.threads());
        manager = engine.newBaseManager();
        model = new PyTorchVit(work.weights(), manager);
        var config = work.weights().config();
        images = manager.create(work.images(), new Shape(work.batch(), config.channels(), config.imageHeight(), config.imageWidth()));
        long[] classes = new long[work.batch()];
        for (int i = 0; i < classes.length; i++) {
            classes[i] = work.labels()[i];
        }
        labels = manager.create(classes, new Shape(work.batch(), 1));
        model.parameters().forEach(parameter -> parameter.setRequiresGradient(true));
    }

    @Override
    public String label() {
        return PyTorch.name();
    }

    @Override
    public void run() {
        List<NDArray> parameters = model.parameters();
        if (!work.update()) { // DJL's AdamW clears the gradients that it has used
            parameters.forEach(parameter -> JniUtils.zeroGrad((PtNDArray) parameter));
        }
        try (NDManager scope = manager.newSubManager(); GradientCollector collector = engine.newGradientCollector()) {
            NDArray input = images.duplicate();
            input.attach(scope); // what is computed from it belongs to the scope and ends with it
            NDArray value = loss.evaluate(new NDList(labels), new NDList(model.train(input)));
            collector.backward(value);
        }
        if (firstGradients == null) {
            firstGradients = gradients();
        }
        if (work.update()) {
            for (int i = 0; i < parameters.size(); i++) {
                try (NDArray gradient = parameters.get(i).getGradient()) {
                    optimizer.update(String.valueOf(i), parameters.get(i), gradient);
                }
            }
        }
    }

    /** The gradients of the first step, at the weights with which both sides start. */
    @Override
    public float[] result() {
        return firstGradients;
    }

    private float[] gradients() {
        float[] gradients = new float[work.size()];
        int at = 0;
        for (Parameter parameter : work.compared()) {
            try (NDArray gradient = model.weight(parameter.name()).getGradient()) {
                float[] values = gradient.toFloatArray();
                System.arraycopy(values, 0, gradients, at, values.length);
                at += values.length;
            }
        }
        return gradients;
    }

    @Override
    public void close() {
        manager.close();
    }
}
