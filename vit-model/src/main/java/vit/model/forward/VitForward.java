package vit.model.forward;

import vit.kernels.attention.AttentionWorkspace;
import vit.kernels.gemm.Epilogue;
import vit.kernels.gemm.GemmWorkspace;
import vit.kernels.gemm.PackedRows;
import vit.kernels.linear.Linear;
import vit.kernels.parallel.Worker;
import vit.kernels.parallel.Workers;
import vit.kernels.patchembed.PatchEmbed;
import vit.kernels.pooling.Pooling;
import vit.kernels.simd.Tanh;
import vit.kernels.tensor.Tensor;
import vit.kernels.tensor.TensorArena;
import vit.model.SessionOptions;
import vit.model.StageObserver;
import vit.model.config.VitConfig;
import vit.model.config.VitConfig.FinalNorm;
import vit.model.config.VitConfig.Positions;
import vit.model.parameters.Parameters;

/**
 * The forward pass (Dosovitskiy et al. 2020, equations 1 to 4) over memory planned for a largest batch. Every worker of the
 * team runs {@link #run} from end to end; a barrier stands wherever one kernel reads what another wrote.
 */
public final class VitForward implements Workers.Task {

    /** No packed row or tile is longer by more than this than what is in it. */
    private static final int MAX_PADDING = 256;

    private final VitConfig config;
    private final VitWeights weights;
    private final int maxBatch;

    public final Tensor images; // (B, channels, height, width)
    public final Tensor pooled; // (B, C): what the head sees
    public final Tensor logits; // (B, classes), or null without a head

    private final Tensor patches; // (B·P, patch elements)
    private final Tensor projected; // (B·P, C)
    private final Tensor x; // (B·T, C): the residual stream
    private final Tensor normed; // (B·T, C): normed before pooling, or null
    private final PackedRows packed; // (B·T, C): normed for the next product
    private final PackedRows qkv; // (B·T, 3·H·D)
    private final PackedRows attended; // (B·T, H·D)
    private final PackedRows hidden; // (B·T, F)
    private final Tensor pool; // (B, C): before the final norm, or before the pre-logits layer
    private final Tensor distilled; // (B, C), or null
    private final Tensor distilledLogits; // (B, classes), or null

    private final GemmWorkspace gemm;
    private final AttentionWorkspace attention;
    private final EncoderBlock[] blocks;
    private final PooledBlock pooledBlock; // the last block again, for the pooled tokens alone, or null
    private final Linear projection;
    private final Norm patchNormBefore; // or null
    private final Norm patchNormAfter; // or null
    private final Norm finalNorm;
    private final Linear preLogits; // or null
    private final Linear head; // or null
    private final Linear distillationHead; // or null

    private int batch;
    private StageObserver observer;

    /**
     * Plans the pass; with a counting arena and null weights, only its memory.
     *
     * @param allTokens see {@link SessionOptions}
     */
    public VitForward(VitConfig config, VitWeights weights, int maxBatch, boolean allTokens, int workers, TensorArena arena) {
        this.config = config;
        this.weights = weights;
        this.maxBatch = maxBatch;
        checkBatch(config, maxBatch);
        int patchRows = Math.multiplyExact(maxBatch, config.patches());
        int rows = Math.multiplyExact(maxBatch, config.tokens());
        images = arena.allocate(maxBatch, config.channels(), config.imageHeight(), config.imageWidth());
        patches = arena.allocatePadded(patchRows, config.patchElements());
        projected = arena.allocatePadded(patchRows, config.width());
        x = arena.allocatePadded(rows, config.width());
        normed = poolsNormed(config) ? arena.allocatePadded(rows, config.width()) : null;
        packed = PackedRows.allocate(arena, rows, config.width());
        qkv = PackedRows.allocate(arena, rows, 3 * config.inner());
        attended = PackedRows.allocate(arena, rows, config.inner());
        hidden = PackedRows.allocate(arena, rows, config.mlp());
        pool = arena.allocate(maxBatch, config.width());
        pooled = arena.allocate(maxBatch, config.width());
        logits = config.classes() == 0 ? null : arena.allocate(maxBatch, config.classes());
        distilled = config.distillationToken() ? arena.allocate(maxBatch, config.width()) : null;
        distilledLogits = distilled != null && logits != null ? arena.allocate(maxBatch, config.classes()) : null;
        attention = AttentionWorkspace.allocate(arena, config.tokens(), config.headDim(), workers);
        blocks = new EncoderBlock[config.depth()];
        pooledBlock = allTokens || config.depth() == 0 || config.pooledTokens() == config.tokens()
                ? null
                : new PooledBlock(config, weights, maxBatch, arena);
        gemm = GemmWorkspace.allocate(arena, packedFloats(config, maxBatch, pooledBlock != null), workers);
        if (weights == null) {
            projection = preLogits = head = distillationHead = null;
            patchNormBefore = patchNormAfter = finalNorm = null;
            return;
        }
        for (int i = 0; i < blocks.length; i++) {
            blocks[i] = new EncoderBlock(config, weights, i, x, packed, qkv, attended, hidden, gemm, attention);
        }
        projection = linear(Parameters.PATCH_PROJECTION);
        patchNormBefore = config.patchNorm() ? norm(Parameters.PATCH_NORM_BEFORE) : null;
        patchNormAfter = config.patchNorm() ? norm(Parameters.PATCH_NORM_AFTER) : null;
        finalNorm = norm(Parameters.finalNorm(config));
        preLogits = config.preLogits() ? linear(Parameters.PRE_LOGITS) : null;
        head = logits == null ? null : linear(Parameters.HEAD);
        distillationHead = distilledLogits == null ? null : linear(Parameters.DISTILLATION_HEAD);
    }

    /** Kernels index by an int what they read, and a packed row is as long as the layer is wide. */
    private static void checkBatch(VitConfig config, int maxBatch) {
        int widest = Math.max(Math.max(3 * config.inner(), config.mlp()), Math.max(config.width(), config.patchElements()));
        long each = (long) config.tokens() * (widest + MAX_PADDING) + MAX_PADDING;
        long most = Math.min(Integer.MAX_VALUE / each, Integer.MAX_VALUE / Math.max(config.classes(), 1));
        if (maxBatch > most) {
            throw new IllegalArgumentException("a batch of " + maxBatch + " images is too large for this model: " + most + " are the most");
        }
    }

    /** Whether the final norm comes before the pooling, for every token. */
    private static boolean poolsNormed(VitConfig config) {
        return config.pooling() != VitConfig.Pooling.TOKEN && config.finalNorm() == FinalNorm.BEFORE_POOLING;
    }

    /** What is packed on the way: patches, the few rows of a last block for some tokens, and the head's. */
    private static int packedFloats(VitConfig config, int maxBatch, boolean pooledLast) {
        int widest = pooledLast ? Math.max(config.mlp(), Math.max(config.width(), config.inner())) : config.width();
        int rows = pooledLast ? Math.multiplyExact(maxBatch, config.pooledTokens()) : maxBatch;
        return Math.max(GemmWorkspace.packedInput(rows, widest),
                GemmWorkspace.packedInput(Math.multiplyExact(maxBatch, config.patches()), config.patchElements()));
    }

    private Linear linear(String name) {
        return Linear.of(weights.matrix(name), Epilogue.bias(weights.vector(name + ".bias")));
    }

    private Norm norm(String name) {
        return Norm.of(config, weights, name);
    }

    public int maxBatch() {
        return maxBatch;
    }

    /** Sets what the next run computes: images 0 … batch. */
    public void prepare(int imagesInUse, StageObserver stageObserver) {
        batch = imagesInUse;
        observer = stageObserver;
    }

    @Override
    public void run(Worker w) {
        embed(w);
        observe("stage.tokens", w);
        boolean pooledOnly = pooledBlock != null && observer == null;
        for (int i = 0; i < (pooledOnly ? blocks.length - 1 : blocks.length); i++) {
            blocks[i].forward(batch, w);
            observe(blocks[i].stage, w);
        }
        if (pooledOnly) {
            pool(pooledBlock.forward(x, packed, qkv, batch, gemm, attention, w), config.pooledTokens(), w);
        } else {
            pool(x, config.tokens(), w);
        }
        classify(w);
    }

    /** z₀ = [x_class; x_p¹E; …; x_pᴺE] + E_pos (equation 1). */
    private void embed(Worker w) {
        int rows = batch * config.patches();
        PatchEmbed.patchify(patches, images, config.patch(), config.patchOrder(), batch, w);
        w.barrier();
        if (patchNormBefore != null) {
            patchNormBefore.forward(patches, patches, rows, w);
            w.barrier();
        }
        projection.forward(projected, patches, rows, gemm, w);
        w.barrier();
        if (patchNormAfter != null) {
            patchNormAfter.forward(projected, projected, rows, w);
            w.barrier();
        }
        PatchEmbed.assemble(x, projected, weights.prefix(), weights.positions(),
                config.positions() == Positions.LEARNED, batch, config.patches(), w);
        w.barrier();
    }

    /** Whether a call without an observer computes only the pooled tokens in the last block. */
    public boolean skipsTokens() {
        return pooledBlock != null;
    }

    /**
     * The final norm and the pooling, in the order the family has them; the norm sees only the tokens that are used.
     *
     * @param last   (B·tokens, C): the output of the last block
     * @param tokens rows of {@code last} an image
     */
    private void pool(Tensor last, int tokens, Worker w) {
        if (config.pooling() == VitConfig.Pooling.TOKEN) {
            Pooling.forward(pool, last, 0, 1, batch, tokens, w);
            if (distilled != null) {
                Pooling.forward(distilled, last, 1, 2, batch, tokens, w);
            }
            w.barrier();
            finalNorm.forward(pooled, pool, batch, w);
            if (distilled != null) {
                finalNorm.forward(distilled, distilled, batch, w);
            }
        } else {
            int first = config.pooling() == VitConfig.Pooling.PATCH_MEAN ? config.prefixTokens() : 0;
            if (normed != null) {
                finalNorm.forward(normed, last, batch * tokens, w);
                w.barrier();
                Pooling.forward(pooled, normed, first, tokens, batch, tokens, w);
            } else {
                Pooling.forward(pool, last, first, tokens, batch, tokens, w);
                w.barrier();
                finalNorm.forward(pooled, pool, batch, w);
            }
        }
        w.barrier();
        if (preLogits != null) {
            preLogits.forward(pool, pooled, batch, gemm, w);
            w.barrier();
            tanh(w);
            w.barrier();
        }
    }

    private void tanh(Worker w) {
        for (int row = w.from(batch), end = w.to(batch); row < end; row++) {
            for (int c = 0; c < config.width(); c++) {
                pooled.set(row, c, Tanh.of(pool.get(row, c)));
            }
        }
    }

    private void classify(Worker w) {
        if (head == null) {
            return;
        }
        head.forward(logits, pooled, batch, gemm, w);
        w.barrier();
        if (distillationHead != null) {
            distillationHead.forward(distilledLogits, distilled, batch, gemm, w);
            w.barrier();
            for (int row = w.from(batch), end = w.to(batch); row < end; row++) {
                for (int c = 0; c < config.classes(); c++) {
                    logits.set(row, c, (logits.get(row, c) + distilledLogits.get(row, c)) / 2);
                }
            }
        }
    }

    private void observe(String stage, Worker w) {
        if (observer != null) {
            if (w.isFirst()) {
                observer.stage(stage, x);
            }
            w.barrier();
        }
    }
}
