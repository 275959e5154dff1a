package vit.model.backward;

import vit.kernels.parallel.Worker;
import vit.kernels.tensor.Tensor;
import vit.kernels.tensor.TensorArena;
import vit.kernels.tokenmerge.TokenGroups;
import vit.kernels.tokenmerge.TokenMerge;
import vit.kernels.tokenmerge.TokenMergeWorkspace;
import vit.model.TrainingOptions;
import vit.model.config.VitConfig;

/**
 * How many tokens each block of a training pass has, of what sizes they are, and what each block merges (Bolya et al. 2023). The groups that a block found in its
 * forward pass are kept for its backward pass, in which they and the sizes are held fixed. Without token merging every block has the tokens of the model, and
 * nothing is kept. The twin for inference is {@code vit.model.forward.MergedTokens}.
 */
final class TrainingTokens {

    private final int[] counts; // T before each block, and after the last
    private final Tensor[] sizes; // by block, and after the last: (B, T), or null before the first merge, as are the following
    private final Tensor[] logSizes; // (B, T): their logarithms
    private final Step[] steps; // by block: its merge, or null

    /**
     * The merge of one block: {@code merged} of its T tokens join others.
     *
     * @param sizes       (B, T)
     * @param mergedSizes (B, T − merged)
     * @param logSizes    (B, T − merged)
     */
    record Step(int tokens, int merged, int heads, int prefix, Tensor sizes, Tensor mergedSizes, Tensor logSizes, TokenGroups groups,
            TokenMergeWorkspace workspace) {

        /** Finds which tokens become one, from the keys in {@code qkv} (B·T, 3·H·D). The result is complete at the next barrier. */
        void match(Tensor qkv, int batch, Worker w) {
            TokenMerge.match(groups, qkv, batch, tokens, heads, prefix, merged, workspace, w);
        }

        /** y (B·(T − merged), C) from x (B·T, C), after {@link #match}. A barrier is at the end. */
        void forward(Tensor y, Tensor x, int batch, Worker w) {
            TokenMerge.forward(y, mergedSizes, logSizes, x, sizes, groups, batch, tokens, merged, w);
            w.barrier();
        }

        /** dx (B·T, C) from dy (B·(T − merged), C). A barrier is at the end. */
        void backward(Tensor dx, Tensor dy, int batch, Worker w) {
            TokenMerge.backward(dx, dy, mergedSizes, sizes, groups, batch, tokens, merged, w);
            w.barrier();
        }
    }

    /**
     * Plans the memory. The blocks below the lowest that is trained share their groups with it, which comes last.
     *
     * @throws IllegalArgumentException if the model's tokens cannot be merged
     */
    TrainingTokens(VitConfig config, TrainingOptions options, TensorArena arena) {
        options.tokenMerging().requireServes(config);
        int depth = config.depth();
        int batch = options.maxBatch();
        int first = options.frozen().firstTrainedBlock(config);
        counts = options.tokenMerging().tokens(config);
        sizes = new Tensor[depth + 1];
        logSizes = new Tensor[depth + 1];
        steps = new Step[depth];
        if (counts[depth] == counts[0]) {
            return;
        }
        TokenMergeWorkspace workspace = TokenMergeWorkspace.allocate(arena, counts[0], config.heads(), config.headDim(), options.threads());
        Tensor ones = arena.allocate(batch, counts[0]).fill(1);
        TokenGroups shared = null;
        for (int i = 0; i < depth; i++) {
            int merged = counts[i] - counts[i + 1];
            if (merged == 0) {
                sizes[i + 1] = sizes[i];
                logSizes[i + 1] = logSizes[i];
                continue;
            }
            TokenGroups groups = i <= first && shared != null ? shared : TokenGroups.allocate(arena, batch, counts[i]);
            shared = groups;
            sizes[i + 1] = arena.allocate(batch, counts[i + 1]);
            logSizes[i + 1] = arena.allocate(batch, counts[i + 1]);
            steps[i] = new Step(counts[i], merged, config.heads(), config.prefixTokens(), sizes[i] == null ? ones : sizes[i], sizes[i + 1], logSizes[i + 1],
                    groups, workspace);
        }
    }

    /** The tokens of an image before block {@code block}, or for the depth of the model those after the last block. */
    int count(int block) {
        return counts[block];
    }

    /** The tokens after the last block. */
    int last() {
        return counts[counts.length - 1];
    }

    /** (B, T): the sizes of the tokens after the last block; null if all of them are 1. */
    Tensor lastSizes() {
        return sizes[counts.length - 1];
    }

    /** (B, T): the logarithms of the sizes before block {@code block}, or for the depth of the model after the last; null if all of them are 0. */
    Tensor logSizes(int block) {
        return logSizes[block];
    }

    /** The merge of a block, or null if it merges nothing. */
    Step step(int block) {
        return steps[block];
    }
}
