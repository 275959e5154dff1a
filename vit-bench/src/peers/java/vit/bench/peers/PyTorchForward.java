package vit.bench.peers;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;
import java.io.IOException;
import vit.model.parameters.GeneratedWeights;

/** PyTorch's forward pass through DJL's operations. No gradients are recorded, since no array requires one. */
final class PyTorchForward implements Contender {

    private final NDManager manager;
    private final PyTorchVit model;
    private final NDArray images;
    private final float[] output;

    PyTorchForward(GeneratedWeights weights, float[] pixels, int batch, int threads) throws IOException {
        manager = PyTorch.start(threads).newBaseManager();
        model = new PyTorchVit(weights, manager);
        var config = weights.config();
        images = manager.create(pixels, new Shape(batch, config.channels(), config.imageHeight(), config.imageWidth()));
        output = new float[batch * ForwardOutput.of(config).width(config)];
    }

    @Override
    public String name() {
        return PyTorch.name();
    }

    @Override
    public void run() {
        try (NDManager scope = manager.newSubManager()) {
            NDArray input = images.duplicate();
            input.attach(scope); // results belong to the scope of their input
            float[] values = model.infer(input).toFloatArray();
            System.arraycopy(values, 0, output, 0, output.length);
        }
    }

    @Override
    public float[] result() {
        return output;
    }

    @Override
    public void close() {
        manager.close();
    }
}
