package vit.model.forward;

import java.util.Arrays;
import jdk.jfr.FlightRecorder;
import vit.kernels.gemm.GemmWorkspace;
import vit.kernels.parallel.Worker;
import vit.kernels.parallel.Workers;
import vit.kernels.tensor.Tensor;
import vit.kernels.tensor.TensorArena;
import vit.model.SessionOptions;
import vit.model.StageObserver;
import vit.model.TokenMerging;
import vit.model.config.ForwardCost;
import vit.model.config.VitConfig;

/**
 * The forward pass (Dosovitskiy et al. 2020, equations 1 to 4) over memory planned for a largest batch: stem, blocks, pooling, head. Every worker of the
 * team runs {@link #run} from end to end; a barrier stands wherever one kernel reads what another wrote.
 */
public final class VitForward implements Workers.Task {

    /** No packed row or tile is longer by more than this than what is in it. */
    private static final int MAX_PADDING = 256;

    private final int maxBatch;

    public final Tensor images; // (B, channels, height, width)
    public final Tensor pooled; // (B, C) or (B, 2·C): what the head sees
    public final Tensor embedding; // (B, E): the image's embedding; the outputs of the projection, if the head is one
    public final Tensor logits; // (B, classes), or null without a head

    private final Tensor x; // (B·T, C): the residual stream
    private final int[] tokens; // T before each block, and after the last
    private final MergedTokens merged; // or null
    private final Pool.Sizes sizes; // of the tokens after the last block; null if none are merged
    private final Tensor logSizes; // of the tokens before the last block; null if none are merged until then
    private final int pooledTokens; // U
    private final BlockMemory memory;
    private final Stem stem;
    private final EncoderBlock[] blocks;
    private final PooledBlock pooledBlock; // the last block again, for the pooled tokens alone, or null
    private final Pool pool;
    private final Head head;
    private final Norm tokenNorm; // the final norm, if it stands before the pooling; or null
    private final int prefix; // tokens before the patches

    private int batch;
    private StageObserver observer;
    private TokenOutputs outputs; // or null
    private LayerEvent layer; // made once a recording has begun: the first event of a program loads a hundred classes
    private boolean recorded; // whether the run records its blocks

    /**
     * Plans the pass; with a counting arena and null weights, only its memory.
     *
     * @param narrow    whether a weight has elements of fewer than 32 bits ({@link VitWeights#isNarrow})
     * @param allTokens see {@link SessionOptions}
     * @param merging   how many tokens each block merges
     * @throws IllegalArgumentException if the batch is too large, or the model's tokens cannot be merged
     */
    public VitForward(VitConfig config, VitWeights weights, boolean narrow, int maxBatch, boolean allTokens, TokenMerging merging, int workers,
            TensorArena arena) {
        this.maxBatch = maxBatch;
        checkBatch(config, maxBatch);
        tokens = merging.tokens(config);
        pooledTokens = config.pooledTokens();
        int rows = Math.multiplyExact(maxBatch, config.tokens());
        images = arena.allocate(maxBatch, config.channels(), config.imageHeight(), config.imageWidth());
        x = arena.allocatePadded(rows, config.width());
        merged = mergedTokens(config, merging, weights != null, workers, arena);
        sizes = merged == null || weights == null ? null : new Pool.Sizes(merged.sizes(config.depth()), merged.logSizes(config.depth()));
        logSizes = merged == null || weights == null ? null : merged.logSizes(config.depth() - 1);
        stem = new Stem(config, weights, images, x, maxBatch, arena);
        pooledBlock = allTokens || !PooledBlock.serves(config) ? null : new PooledBlock(config, weights, maxBatch, arena);
        memory = new BlockMemory(config, rows, packedFloats(config, maxBatch, pooledBlock != null), narrow, workers, arena);
        Pool.Plan plan = new Pool.Plan(config, weights, maxBatch, arena);
        pool = Pool.of(plan);
        head = new Head(plan, pool);
        pooled = head.pooled;
        embedding = head.embedding;
        logits = head.logits;
        tokenNorm = config.finalNorm() == VitConfig.FinalNorm.BEFORE_POOLING ? plan.finalNorm() : null;
        prefix = config.prefixTokens();
        blocks = new EncoderBlock[config.depth()];
        PositionTables tables = PositionTables.of(config, arena);
        for (int i = 0; weights != null && i < blocks.length; i++) {
            blocks[i] = new EncoderBlock(config, weights, i, x, memory, tables, merged);
        }
    }

    /** Null if nothing is merged. */
    private MergedTokens mergedTokens(VitConfig config, TokenMerging merging, boolean planned, int workers, TensorArena arena) {
        merging.requireServes(config);
        return tokens[config.depth()] == tokens[0] ? null : new MergedTokens(config, tokens, x, maxBatch, planned, workers, arena);
    }

    /** Kernels index by an int what they read, and a packed row is as long as the layer is wide. */
    private static void checkBatch(VitConfig config, int maxBatch) {
        int widest = Math.max(Math.max(3 * config.inner(), config.mlpExpanded()), Math.max(config.width(), config.patchElements()));
        long each = (long) config.tokens() * (widest + MAX_PADDING) + MAX_PADDING;
        each = Math.max(each, config.backboneElements());
        long most = Math.min(Integer.MAX_VALUE / each, Integer.MAX_VALUE / Math.max(config.classes(), 1));
        if (maxBatch > most) {
            throw new IllegalArgumentException("a batch of " + maxBatch + " images is too large for this model: " + most + " are the most");
        }
    }

    /** What is packed on the way: patches, the few rows of a last block for some tokens or of a pooling by attention, and the head's. */
    private static int packedFloats(VitConfig config, int maxBatch, boolean pooledLast) {
        boolean fewRows = pooledLast || config.pooling().isAttention();
        int widest = fewRows ? Math.max(config.mlp(), Math.max(config.width(), config.inner())) : config.width();
        int rows = pooledLast ? Math.multiplyExact(maxBatch, config.pooledTokens()) : maxBatch;
        return Math.max(backboneFloats(config, maxBatch), Math.max(GemmWorkspace.packedInput(rows, Math.max(widest, config.pooledWidth())),
                GemmWorkspace.packedInput(Math.multiplyExact(maxBatch, config.patches()), config.patchElements())));
    }

    private static int backboneFloats(VitConfig config, int maxBatch) {
        return config.stem().convolutions().stream().mapToInt(c -> GemmWorkspace.packedInput(maxBatch * c.pixels(), c.window())).max().orElse(0);
    }

    public int maxBatch() {
        return maxBatch;
    }

    /** Sets what the next run computes: images 0 … batch. */
    public void prepare(int imagesInUse, StageObserver stageObserver) {
        batch = imagesInUse;
        observer = stageObserver;
        outputs = null;
        recorded = FlightRecorder.isInitialized() && recordsLayers();
    }

    private boolean recordsLayers() {
        layer = layer == null ? new LayerEvent() : layer;
        return layer.isEnabled();
    }

    /** Sets what the next run computes: images 0 … batch, and the tokens that are asked for; the result only if {@link TokenOutputs#head}. */
    public void prepare(int imagesInUse, TokenOutputs tokenOutputs) {
        prepare(imagesInUse, (StageObserver) null);
        outputs = tokenOutputs;
    }

    /** Whether a call without an observer computes only the pooled tokens in the last block. */
    public boolean skipsTokens() {
        return pooledBlock != null;
    }

    @Override
    public void run(Worker w) {
        stem.forward(batch, memory.gemm, w);
        if (merged != null) {
            merged.begin(batch, w);
        }
        observe("stage.tokens", x, w);
        if (outputs != null) {
            runForTokens(outputs, w);
            return;
        }
        boolean pooledOnly = pooledBlock != null && observer == null;
        for (int i = 0; i < (pooledOnly ? blocks.length - 1 : blocks.length); i++) {
            beginBlock(w);
            blocks[i].forward(batch, w);
            endBlock(i, w);
            observe(blocks[i].stage, blocks[i].y, w);
        }
        if (pooledOnly) {
            beginBlock(w);
            int last = blocks.length - 1;
            Tensor rows = pooledBlock.forward(blocks[last].x, tokens[last], logSizes, batch, memory, w);
            endBlock(last, w);
            pool.forward(rows, pooledTokens, null, batch, memory, w);
        } else {
            pool.forward(lastStream(), tokens[blocks.length], sizes, batch, memory, w);
        }
        head.forward(batch, memory.gemm, w);
    }

    /** The rest of a run that gives out tokens. It ends as soon as all of them are known. */
    private void runForTokens(TokenOutputs wanted, Worker w) {
        for (int i = 0, depth = wanted.depth(); i < depth; i++) {
            beginBlock(w);
            blocks[i].forward(batch, w);
            endBlock(i, w);
            if (merged == null) {
                wanted.take(i, x, batch * tokens[0], tokenNorm, w);
            } else {
                wanted.takeMerged(i, blocks[i].y, merged, batch, tokenNorm, w);
            }
        }
        if (wanted.head()) {
            pool.forward(lastStream(), tokens[blocks.length], sizes, batch, memory, w);
            head.forward(batch, memory.gemm, w);
        }
        wanted.takePatches(lastStream(), batch, tokens[blocks.length], merged, prefix, tokenNorm, w);
    }

    /** The tokens after the last block. */
    private Tensor lastStream() {
        return blocks.length == 0 ? x : blocks[blocks.length - 1].y;
    }

    /**
     * Tokens of an image after a stage: stage 0 is the stem, stage i + 1 is block i.
     */
    public int tokens(int stage) {
        return tokens[stage];
    }

    /** Whether tokens are merged. */
    public boolean mergesTokens() {
        return merged != null;
    }

    /** The cost of a pass. */
    public ForwardCost cost(VitConfig config) {
        return skipsTokens() ? ForwardCost.ofPooledTokens(config, tokens) : ForwardCost.of(config, tokens);
    }

    /** The row of its image where every token of an image of the last run ended, (T), after a run of every block in full. */
    public int[] places(int image) {
        if (merged != null) {
            return merged.places(image);
        }
        int[] places = new int[tokens[0]];
        Arrays.setAll(places, i -> i);
        return places;
    }

    private void beginBlock(Worker w) {
        if (recorded && w.isFirst()) {
            layer.begin();
        }
    }

    /** A block's last barrier is inside it, so here all workers are done with it. */
    private void endBlock(int block, Worker w) {
        if (recorded && w.isFirst()) {
            layer.commit(block, batch, w);
        }
    }

    private void observe(String stage, Tensor stream, Worker w) {
        if (observer != null) {
            if (w.isFirst()) {
                observer.stage(stage, stream);
            }
            w.barrier();
        }
    }
}
