package vit.bench.peers.pytorch;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;
import java.io.IOException;
import vit.bench.peers.PreparedWork;
import vit.bench.peers.Work;

/** PyTorch's forward pass through DJL's operations. No gradients are recorded, since no array requires one. */
final class PyTorchForward implements PreparedWork {

    private final NDManager manager;
    private final PyTorchVit model;
    private final NDArray images;
    private final float[] output;

    PyTorchForward(Work.Forward work) throws IOException {
        manager = PyTorch.start(work.threads()).newBaseManager();
        model = new PyTorchVit(work.weights(), manager);
        var config = work.weights().config();
        images = manager.create(work.images(), new Shape(work.batch(), config.channels(), config.imageHeight(), config.imageWidth()));
        output = new float[work.batch() * work.width()];
    }

    @Override
    public String label() {
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
