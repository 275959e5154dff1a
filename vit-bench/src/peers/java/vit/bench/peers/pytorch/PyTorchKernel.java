package vit.bench.peers.pytorch;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;
import ai.djl.nn.Activation;
import ai.djl.nn.core.Linear;
import ai.djl.nn.norm.LayerNorm;
import java.io.IOException;
import java.util.function.UnaryOperator;
import vit.bench.peers.PreparedWork;
import vit.bench.peers.Work;
import vit.kernels.gelu.GeluKind;

/** One of PyTorch's own functions. It makes an array for its result in every call, as PyTorch does. */
final class PyTorchKernel implements PreparedWork {

    private final NDManager manager;
    private final NDArray x;
    private final UnaryOperator<NDArray> function;
    private NDArray y; // of the last run, or null

    PyTorchKernel(Work work) throws IOException {
        manager = PyTorch.start(work.threads()).newBaseManager();
        switch (work) {
            case Work.Gemm gemm -> {
                NDArray weight = manager.create(gemm.b(), new Shape(gemm.n(), gemm.k()));
                x = manager.create(gemm.a(), new Shape(gemm.m(), gemm.k()));
                function = a -> Linear.linear(a, weight).singletonOrThrow();
            }
            case Work.DotProducts dots -> {
                NDArray vectors = manager.create(dots.vectors(), new Shape(dots.count(), dots.width()));
                x = manager.create(dots.query(), new Shape(dots.width()));
                function = vectors::matMul;
            }
            case Work.LayerNorm norm -> {
                Shape width = new Shape(norm.columns());
                NDArray weight = manager.create(norm.weight(), width);
                NDArray bias = manager.create(norm.bias(), width);
                x = manager.create(norm.x(), new Shape(norm.rows(), norm.columns()));
                function = rows -> LayerNorm.layerNorm(rows, width, weight, bias, norm.epsilon()).singletonOrThrow();
            }
            case Work.Softmax softmax -> {
                x = manager.create(softmax.x(), new Shape(softmax.rows(), softmax.columns()));
                function = rows -> rows.softmax(-1);
            }
            case Work.Gelu gelu -> {
                x = manager.create(gelu.x(), new Shape(gelu.rows(), gelu.columns()));
                TorchFunction tanh = gelu.form() == GeluKind.TANH ? TorchFunction.geluTanh(manager) : null;
                function = tanh == null ? Activation::gelu : rows -> tanh.call(false, rows);
            }
            case Work.Forward _, Work.Training _ -> throw new IllegalArgumentException(work.name() + " is no kernel");
        }
    }

    @Override
    public String label() {
        return PyTorch.name();
    }

    @Override
    public void run() {
        if (y != null) {
            y.close();
        }
        y = function.apply(x);
    }

    @Override
    public float[] result() {
        return y.toFloatArray();
    }

    @Override
    public void close() {
        manager.close();
    }
}
