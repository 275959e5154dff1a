package vit.bench;

import vit.kernels.patchembed.PatchEmbed;
import vit.kernels.tensor.Tensor;

/** Positions from a table for the columns of the grid and one for its rows, for 14×14 patches. */
public class AxisPositionsBenchmark extends KernelBenchmark {

    private static final int GRID = 14;

    private Tensor columns; // (14, C/2)
    private Tensor rows; // (14, C/2)
    private Tensor positions; // (P, C)
    private Tensor tokens; // (B, T, C)
    private Tensor dcolumns; // (14, C/2)
    private Tensor drows; // (14, C/2)

    /** For JMH. */
    public AxisPositionsBenchmark() {}

    @Override
    boolean isArithmetic() {
        return false;
    }

    @Override
    void allocate() {
        columns = zeros(GRID, WIDTH / 2).fill(1);
        rows = zeros(GRID, WIDTH / 2).fill(2);
        positions = zeros(GRID * GRID, WIDTH);
        tokens = zeros(batch, TOKENS, WIDTH).fill(1);
        dcolumns = zeros(GRID, WIDTH / 2);
        drows = zeros(GRID, WIDTH / 2);
    }

    @Override
    Pass forward() {
        return new Pass(w -> PatchEmbed.joinAxes(positions, columns, rows, w), gigabytes(positions));
    }

    @Override
    String checkForward() {
        return near("the last channel of the last patch", 2, positions.get(GRID * GRID - 1, WIDTH - 1), 0);
    }

    @Override
    Pass backward() {
        return new Pass(w -> PatchEmbed.joinAxesBackward(dcolumns, drows, tokens, batch, 1, w), gigabytes(tokens));
    }

    @Override
    String checkBackward() {
        return near("a sum of ones over images and rows", batch * GRID, dcolumns.get(GRID - 1, WIDTH / 2 - 1), 0);
    }
}
