package vit.bench;

import java.util.Arrays;
import org.openjdk.jmh.annotations.Param;
import vit.kernels.gemm.Epilogue;
import vit.kernels.gemm.Gemm;
import vit.kernels.gemm.GemmWorkspace;
import vit.kernels.gemm.PackedMatrix;
import vit.kernels.linear.Linear;
import vit.kernels.parallel.Workers;
import vit.kernels.tensor.Tensor;
import vit.kernels.tensor.TensorArena;

/**
 * The linear layers of a block, including the packing of the activations: forward x·Wᵀ + b; backward dX = dY·W, dW += dYᵀ·X and db += Σ dY. Operands
 * are small whole numbers, so that results can be checked exactly.
 */
public class GemmBenchmark extends KernelBenchmark {

    /** The layer as outputs × inputs: QKV, attention output, FC1 or FC2. */
    @Param({"2304x768", "768x768", "3072x768", "768x3072"})
    public String layer;

    private int n;
    private int k;
    private Tensor x; // (M, K)
    private Tensor y; // (M, N)
    private Tensor dx; // (M, K)
    private Tensor dy; // (M, N)
    private Tensor dbias; // (N)
    private PackedMatrix dweight; // (N, K)

    /** For JMH. */
    public GemmBenchmark() {}

    @Override
    boolean isArithmetic() {
        return true;
    }

    @Override
    void allocate() {
        String[] sizes = layer.split("x");
        n = Integer.parseInt(sizes[0]);
        k = Integer.parseInt(sizes[1]);
        x = zeros(rows(), k).fill(2);
        y = zeros(rows(), n);
        dx = zeros(rows(), k);
        dy = zeros(rows(), n).fill(1);
        dbias = zeros(n);
        dweight = PackedMatrix.allocate(arena(), n, k);
        warmUp();
    }

    /** Runs small products first, so that the kernels are compiled. An interpreted product of full size takes minutes. */
    private static void warmUp() {
        try (TensorArena small = TensorArena.open(); Workers team = Workers.of(1)) {
            Tensor a = small.allocatePadded(29, 40).fill(1);
            Tensor c = small.allocatePadded(29, 100).fill(1);
            PackedMatrix b = PackedMatrix.allocate(small, 100, 40);
            PackedMatrix transposed = PackedMatrix.allocate(small, 40, 100);
            PackedMatrix db = PackedMatrix.allocate(small, 100, 40);
            Linear layer = Linear.of(b, Epilogue.NONE);
            Tensor da = small.allocate(29, 40);
            Tensor bias = small.allocate(100);
            GemmWorkspace workspace = workspace(small, 29, 100, 40, 1);
            for (int call = 0; call < 10_000; call++) {
                team.run(w -> {
                    Gemm.multiply(c, a, b, Epilogue.bias(bias), 29, workspace, w);
                    layer.backward(da, db, bias, false, c, a, transposed, 29, workspace, w);
                });
            }
        }
    }

    private static GemmWorkspace workspace(TensorArena arena, int m, int n, int k, int threads) {
        return GemmWorkspace.allocateForLayer(arena, m, n, k, threads);
    }

    private PackedMatrix filled(int outputs, int depth) {
        float[] weight = new float[outputs * depth];
        Arrays.fill(weight, 3);
        return PackedMatrix.allocate(arena(), outputs, depth).packRows(weight);
    }

    private double products(int count) {
        return count * 2e-9 * rows() * n * k;
    }

    @Override
    Pass forward() {
        PackedMatrix weight = filled(n, k);
        Epilogue bias = Epilogue.bias(arena().allocate(n).fill(1));
        GemmWorkspace workspace = workspace(arena(), rows(), n, k, threads);
        return new Pass(w -> Gemm.multiply(y, x, weight, bias, rows(), workspace, w), products(1));
    }

    @Override
    String checkForward() {
        return near("a product", 6.0 * k + 1, y.get(rows() - 1, n - 1), 0);
    }

    @Override
    Pass backward() {
        Linear layer = Linear.of(filled(n, k), Epilogue.NONE);
        PackedMatrix transposed = PackedMatrix.allocate(arena(), k, n);
        GemmWorkspace workspace = workspace(arena(), rows(), n, k, threads);
        return new Pass(w -> layer.backward(dx, dweight, dbias, false, dy, x, transposed, rows(), workspace, w), products(2));
    }

    @Override
    String checkBackward() {
        String fault = near("dX", 3.0 * n, dx.get(rows() - 1, k - 1), 0);
        return fault == null ? near("dW", 2.0 * rows(), dweight.get(n - 1, k - 1), 0) : fault;
    }
}
