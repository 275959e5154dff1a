package vit.bench;

import java.util.ArrayList;
import java.util.List;
import vit.kernels.convolution.Convolution;
import vit.kernels.convolution.Window;
import vit.kernels.gemm.Epilogue;
import vit.kernels.gemm.Gemm;
import vit.kernels.gemm.GemmWorkspace;
import vit.kernels.gemm.PackedMatrix;
import vit.kernels.groupnorm.GroupNorm;
import vit.kernels.jit.Rehearsal;
import vit.kernels.linear.Linear;
import vit.kernels.simd.ColumnSums;
import vit.kernels.tensor.Tensor;

/**
 * The 3×3 convolution of the first stage of a ResNet-50 at 224 pixels, 64 channels to 64 on a map of 56×56, and the group normalisation after it:
 * forward unfold, product, GroupNorm; backward the same in reverse, with the gradients of all parameters.
 */
public class ConvolutionBenchmark extends KernelBenchmark {

    private static final int SIDE = 56;
    private static final int PIXELS = SIDE * SIDE;
    private static final int CHANNELS = 64;
    private static final int GROUPS = 32;
    private static final Window WINDOW = new Window(3, 1);
    private static final int INPUTS = WINDOW.pixels() * CHANNELS;
    private static final double EPSILON = 1e-5;
    private static final long COMPILATION_NANOS = 20_000_000_000L;

    private Tensor x; // (B·P, C)
    private Tensor windows; // (B·P, 9·C)
    private Tensor product; // (B·P, C)
    private Tensor y; // (B·P, C)
    private Tensor mean; // (B·G)
    private Tensor rstd; // (B·G)
    private Tensor gamma; // (C)
    private Tensor scratch;
    private GemmWorkspace workspace;

    private Tensor dx; // (B·P, C)
    private Tensor dwindows; // (B·P, 9·C)
    private Tensor dy; // (B·P, C)
    private Tensor dgamma; // (C)
    private Tensor dbeta; // (C)
    private PackedMatrix dweight; // (C, 9·C)

    /** For JMH. */
    public ConvolutionBenchmark() {}

    @Override
    boolean isArithmetic() {
        return true;
    }

    @Override
    int rows() {
        return batch * PIXELS;
    }

    @Override
    void allocate() {
        x = random(rows(), CHANNELS);
        windows = zeros(rows(), INPUTS);
        product = zeros(rows(), CHANNELS);
        y = zeros(rows(), CHANNELS);
        mean = zeros(batch * GROUPS);
        rstd = zeros(batch * GROUPS);
        gamma = zeros(CHANNELS).fill(1);
        scratch = arena().allocate(GroupNorm.scratch(CHANNELS, batch, PIXELS));
        dx = zeros(rows(), CHANNELS);
        dwindows = zeros(rows(), INPUTS);
        dy = random(rows(), CHANNELS);
        dgamma = zeros(CHANNELS);
        dbeta = zeros(CHANNELS);
        dweight = PackedMatrix.allocate(arena(), CHANNELS, INPUTS);
        workspace = GemmWorkspace.allocateForLayer(arena(), rows(), CHANNELS, INPUTS, threads);
        List<Rehearsal> kernels = new ArrayList<>(Gemm.rehearsals()); // an interpreted product of full size takes minutes
        kernels.addAll(Convolution.rehearsals());
        kernels.addAll(ColumnSums.rehearsals());
        kernels.addAll(GroupNorm.rehearsals());
        Rehearsal.run(kernels, System.nanoTime() + COMPILATION_NANOS);
    }

    private double products(int count) {
        return count * 2e-9 * rows() * CHANNELS * INPUTS;
    }

    private PackedMatrix weight(int outputs, int depth) {
        return PackedMatrix.allocate(arena(), outputs, depth).packRows(random(outputs, depth).toArray());
    }

    @Override
    Pass forward() {
        Linear layer = Linear.of(weight(CHANNELS, INPUTS), Epilogue.NONE);
        Tensor beta = zeros(CHANNELS);
        return new Pass(w -> {
            Convolution.unfold(windows, x, WINDOW, SIDE, SIDE, batch, w);
            w.barrier();
            layer.forward(product, windows, rows(), workspace, w);
            w.barrier();
            GroupNorm.forward(y, mean, rstd, product, gamma, beta, EPSILON, GROUPS, batch, PIXELS, scratch, w);
        }, products(1));
    }

    @Override
    String checkForward() {
        double squares = 0;
        for (int row = rows() - PIXELS; row < rows(); row++) {
            for (int c = CHANNELS - CHANNELS / GROUPS; c < CHANNELS; c++) {
                squares += (double) y.get(row, c) * y.get(row, c);
            }
        }
        return near("the mean square of a normalised group", 1, squares * GROUPS / CHANNELS / PIXELS, 1e-4);
    }

    @Override
    Pass backward() {
        PackedMatrix transposed = weight(INPUTS, CHANNELS);
        Tensor dproduct = zeros(rows(), CHANNELS);
        return new Pass(w -> {
            GroupNorm.backward(dproduct, dgamma, dbeta, dy, product, mean, rstd, gamma, GROUPS, batch, PIXELS, scratch, w);
            w.barrier();
            Linear.backwardInput(dwindows, dproduct, transposed, rows(), workspace, w);
            w.barrier();
            Convolution.fold(dx, dwindows, WINDOW, SIDE, SIDE, batch, w);
            Linear.backwardParameters(dweight, null, true, dproduct, windows, rows(), workspace, w);
        }, products(2));
    }

    @Override
    String checkBackward() {
        double sum = 0;
        for (int row = 0; row < rows(); row++) {
            sum += dy.get(row, CHANNELS - 1);
        }
        String fault = near("dbeta", sum, dbeta.get(0, CHANNELS - 1), 1e-3);
        return fault == null && dx.get(rows() - 1, CHANNELS - 1) == 0 ? "the last pixel has no gradient" : fault;
    }
}
