package vit.bench;

import vit.kernels.attention.BiasIndex;
import vit.kernels.attention.RelativeBias;
import vit.kernels.tensor.Tensor;

/** The bias of one block of BEiT from its table of relative positions, and the gradient of the table. The batch does not matter. */
public class RelativeBiasBenchmark extends KernelBenchmark {

    private static final int GRID = 14; // 1 + 14² = 197 tokens
    private static final int OFFSETS = (2 * GRID - 1) * (2 * GRID - 1);
    private static final int ENTRIES = OFFSETS + 3;

    private Tensor bias; // (H·T, T)
    private Tensor dbias; // (H·T, T)
    private Tensor table; // (entries, H)
    private Tensor dtable; // (entries, H)
    private BiasIndex index;

    /** For JMH. */
    public RelativeBiasBenchmark() {}

    @Override
    boolean isArithmetic() {
        return false;
    }

    @Override
    void allocate() {
        bias = zeros(HEADS * TOKENS, TOKENS);
        dbias = zeros(HEADS * TOKENS, TOKENS).fill(1);
        table = random(ENTRIES, HEADS);
        dtable = zeros(ENTRIES, HEADS);
        index = index();
    }

    /** The class token, then the patches row by row. */
    private static BiasIndex index() {
        int[] entry = new int[TOKENS * TOKENS];
        for (int i = 0; i < TOKENS; i++) {
            for (int j = 0; j < TOKENS; j++) {
                entry[i * TOKENS + j] = i == 0 ? j == 0 ? OFFSETS + 2 : OFFSETS : j == 0 ? OFFSETS + 1 : offset(i - 1, j - 1);
            }
        }
        return BiasIndex.of(entry, TOKENS, ENTRIES);
    }

    private static int offset(int query, int key) {
        return (query / GRID - key / GRID + GRID - 1) * (2 * GRID - 1) + query % GRID - key % GRID + GRID - 1;
    }

    @Override
    Pass forward() {
        return new Pass(w -> RelativeBias.gather(bias, table, index, w), gigabytes(bias));
    }

    @Override
    String checkForward() {
        return near("the last patch as query and as key", table.get(offset(0, 0), HEADS - 1), bias.get(HEADS * TOKENS - 1, TOKENS - 1), 0);
    }

    @Override
    Pass backward() {
        return new Pass(w -> RelativeBias.scatter(dtable, dbias, index, w), gigabytes(dbias));
    }

    @Override
    String checkBackward() {
        return near("the number of patches, each at offset 0 from itself", GRID * GRID, dtable.get(offset(0, 0), HEADS - 1), 0);
    }
}
