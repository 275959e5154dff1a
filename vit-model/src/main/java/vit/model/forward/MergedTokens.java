package vit.model.forward;

import java.util.Arrays;
import vit.kernels.gemm.PackedRows;
import vit.kernels.parallel.Worker;
import vit.kernels.tensor.Tensor;
import vit.kernels.tensor.TensorArena;
import vit.kernels.tokenmerge.TokenGroups;
import vit.kernels.tokenmerge.TokenMerge;
import vit.kernels.tokenmerge.TokenMergeWorkspace;
import vit.model.config.VitConfig;

/**
 * The tokens of a pass that merges them: how many each block has, their sizes, and where those of the beginning have gone. What is merged changes from one of
 * two tensors to the other, because the rows of an image then lie elsewhere.
 */
final class MergedTokens {

    private final int[] counts; // T before each block, and after the last
    private final int prefix;
    private final int heads;
    private final Tensor first; // (B·T, C): the tokens of the stem
    private final Tensor second; // (B·T, C)
    private final Tensor ones; // (B, T): the sizes before the first merge
    private final MapMemory[] sizes = new MapMemory[2]; // of the tokens in each of the tensors
    private final MapMemory logSizes;
    private final int maxBatch;
    private final int[] places; // (B, T): the row of its image where every token of the beginning now is
    private final TokenGroups groups;
    private final TokenMergeWorkspace workspace;

    /**
     * Plans the memory.
     *
     * @param counts  tokens before each block, and after the last
     * @param x       (B·T, C): where the stem writes
     * @param planned whether the memory is there, and not only counted
     */
    MergedTokens(VitConfig config, int[] counts, Tensor x, int maxBatch, boolean planned, int workers, TensorArena arena) {
        this.counts = counts;
        this.maxBatch = maxBatch;
        prefix = config.prefixTokens();
        heads = config.heads();
        first = x;
        int most = Math.multiplyExact(maxBatch, counts[0]);
        second = arena.allocatePadded(most, config.width());
        ones = arena.allocate(maxBatch, counts[0]);
        if (planned) {
            ones.fill(1);
        }
        sizes[0] = new MapMemory(most, arena);
        sizes[1] = new MapMemory(most, arena);
        logSizes = new MapMemory(most, arena);
        places = arena.ints(most);
        groups = TokenGroups.allocate(arena, maxBatch, counts[0]);
        workspace = TokenMergeWorkspace.allocate(arena, counts[0], heads, config.headDim(), workers);
    }

    /** How many merges stand before block {@code block}; a block that merges nothing is none. */
    private int merges(int block) {
        int merges = 0;
        for (int i = 0; i < block; i++) {
            merges += counts[i + 1] < counts[i] ? 1 : 0;
        }
        return merges;
    }

    /** The tokens that block {@code block} is given, or for the depth of the model those after the last block. */
    Tensor stream(int block) {
        return merges(block) % 2 == 0 ? first : second;
    }

    /** The other of the two tensors, which holds nothing that is needed. */
    Tensor spare(Tensor stream) {
        return stream == first ? second : first;
    }

    /** How many tokens of an image that is. */
    int count(int block) {
        return counts[block];
    }

    /** The depth of the model. */
    int blocks() {
        return counts.length - 1;
    }

    /** (B, tokens): their sizes. */
    Tensor sizes(int block) {
        int merges = merges(block);
        return merges == 0 ? ones : sizes[merges % 2].map(maxBatch, counts[block]);
    }

    /** (B, tokens): the logarithms of their sizes, or null if all of them are 0. */
    Tensor logSizes(int block) {
        return merges(block) == 0 ? null : logSizes.map(maxBatch, counts[block]);
    }

    /** Begins a pass: every token is where it is. */
    void begin(int batch, Worker w) {
        for (int i = w.from(batch * counts[0]), end = w.to(batch * counts[0]); i < end; i++) {
            places[i] = i % counts[0];
        }
    }

    /**
     * Where a token of the beginning is: a row of {@link #stream} after some blocks.
     *
     * @param blocks how many have run
     */
    int row(int image, int token, int blocks) {
        return image * counts[blocks] + places[image * counts[0] + token];
    }

    /** The row of its image where every token of the beginning is, (T), for one image. */
    int[] places(int image) {
        return Arrays.copyOfRange(places, image * counts[0], (image + 1) * counts[0]);
    }

    /** The merge of block {@code block}, or null if it merges nothing. */
    Step step(int block) {
        return counts[block + 1] == counts[block] ? null
                : new Step(this, counts[block], counts[block] - counts[block + 1], stream(block), stream(block + 1), sizes(block), sizes(block + 1),
                        logSizes(block + 1));
    }

    /**
     * The merge of one block.
     *
     * @param x (B·T, C)
     * @param y (B·(T − merged), C)
     */
    record Step(MergedTokens all, int tokens, int merged, Tensor x, Tensor y, Tensor sizes, Tensor mergedSizes, Tensor logSizes) {

        /** Finds which tokens become one, while other workers already do what comes next. */
        void match(PackedRows qkv, int batch, Worker w) {
            TokenMerge.match(all.groups, qkv, batch, tokens, all.heads, all.prefix, merged, all.workspace, w);
        }

        /** Merges them. The last barrier is inside. */
        void forward(int batch, Worker w) {
            TokenMerge.forward(y, mergedSizes, logSizes, x, sizes, all.groups, batch, tokens, merged, w);
            all.groups.follow(all.places, all.counts[0], batch, w);
            w.barrier();
        }
    }
}
