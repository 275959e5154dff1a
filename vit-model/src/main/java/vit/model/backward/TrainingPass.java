package vit.model.backward;

import vit.kernels.loss.CrossEntropy;
import vit.kernels.parallel.Worker;
import vit.kernels.parallel.Workers;
import vit.kernels.tensor.Tensor;
import vit.kernels.tensor.TensorArena;
import vit.model.EmbeddingLoss;
import vit.model.Frozen;
import vit.model.StageObserver;
import vit.model.TrainingOptions;
import vit.model.config.VitConfig;
import vit.model.forward.PositionTables;
import vit.model.forward.Spans;

/**
 * The forward pass, the loss and the backward pass, in memory planned for a largest batch. Every worker runs {@link #run} from beginning to end. The backward
 * pass ends at the lowest part that is trained; what is below keeps nothing from its forward pass. With checkpointing, only the input of each block is
 * kept, and a block's forward pass runs again before its backward pass. This takes less memory and gives the same bits.
 */
public final class TrainingPass implements Workers.Task {

    private final VitConfig config;
    private final int maxBatch;
    private final boolean checkpointing;
    private final Frozen frozen;
    private final int first; // the lowest block that is trained
    final TrainingMemory m;
    private final RandomMasks masks;
    private final TrainingTokens tokens;

    public final Tensor images; // (B, channels, height, width)
    public final Tensor dimages; // (B, channels, height, width), or null when not wanted
    public final Tensor targets; // (B, classes): probabilities
    public final Tensor logits; // (B, classes)
    public final Tensor losses; // (B)

    private final Tensor[] streams; // (B·T, C), with T of each block: the input of block i, and the output of the last; one for all frozen blocks
    private final BlockState[] states; // of every block, or one for all with checkpointing; one for the frozen blocks and the first that is trained
    private final TrainingBlock[] blocks;
    private final String[] stageNames;
    private final Tensor dpooled; // (B, C) or (B, 2·C)
    private final Tensor probabilities; // (B, classes), or null without a head
    private final Tensor dlogits; // (B, classes), or null without a head
    private final double smoothing;

    private final TrainingStem stem;
    private final TrainingPool pool;
    private final TrainingHead head; // or null
    private final float[] embeddings; // (B, E), for a loss of embeddings
    private final float[] dembeddings; // (B, E)

    private int batch;
    private EmbeddingLoss embeddingLoss; // null: the cross-entropy
    private double loss;
    private double lossScale;
    private StageObserver observer;

    public TrainingPass(VitConfig config, TrainingParameters parameters, TrainingOptions options, TensorArena arena) {
        this.config = config;
        this.maxBatch = options.maxBatch();
        this.checkpointing = options.checkpointing();
        this.frozen = options.frozen();
        this.first = frozen.firstTrainedBlock(config);
        int width = config.width();
        tokens = new TrainingTokens(config, options, arena);
        masks = new RandomMasks(config, options);
        m = new TrainingMemory(config, maxBatch, options.threads(), arena);
        images = arena.allocate(maxBatch, config.channels(), config.imageHeight(), config.imageWidth());
        dimages = options.imageGradient() ? arena.allocate(images.shape().dimensions()) : null;
        boolean headed = config.classes() > 0;
        targets = headed ? arena.allocate(maxBatch, config.classes()) : null;
        logits = headed ? arena.allocate(maxBatch, config.classes()) : null;
        probabilities = headed ? arena.allocate(maxBatch, config.classes()) : null;
        dlogits = headed ? arena.allocate(maxBatch, config.classes()) : null;
        smoothing = options.labelSmoothing();
        losses = arena.allocate(maxBatch);
        streams = new Tensor[config.depth() + 1];
        states = new BlockState[config.depth()];
        blocks = new TrainingBlock[config.depth()];
        stageNames = new String[config.depth()];
        for (int i = 0; i <= config.depth(); i++) {
            streams[i] = i > 0 && i <= first ? streams[0] : arena.allocatePadded(Math.multiplyExact(maxBatch, tokens.count(i)), width);
        }
        stem = new TrainingStem(config, parameters, m, masks, images, dimages, streams[0], maxBatch, arena);
        PositionTables tables = PositionTables.of(config, arena);
        for (int i = 0; i < config.depth(); i++) {
            states[i] = i > 0 && (checkpointing || i <= first) ? states[0] : new BlockState(config, tokens.count(i), tokens.count(i + 1), maxBatch, arena);
            stageNames[i] = "stage.block." + i;
            blocks[i] = new TrainingBlock(config, parameters, i, tokens, masks, m, tables, states[i]);
        }
        pool = TrainingPool.of(config, parameters, tokens, m, maxBatch, arena);
        dpooled = frozen.kind() == Frozen.Kind.ALL_BUT_HEAD ? null : arena.allocate(maxBatch, config.pooledWidth());
        head = headed ? new TrainingHead(config, parameters, m, pool, logits, maxBatch, arena) : null;
        embeddings = new float[Math.multiplyExact(maxBatch, config.embeddingWidth())];
        dembeddings = new float[embeddings.length];
    }

    int maxBatch() {
        return maxBatch;
    }

    /**
     * Sets what the next run computes.
     *
     * @param imagesInUse the number of images: B
     * @param scale       what each image's loss is multiplied by in the gradient: 1 / batch for a mean
     * @param step        optimiser steps taken before, for the masks
     * @param imagesBefore images of this step in earlier passes, for the masks
     */
    public void prepare(int imagesInUse, double scale, int step, int imagesBefore, StageObserver stageObserver) {
        batch = imagesInUse;
        masks.prepare(step, imagesBefore, imagesInUse);
        lossScale = scale;
        observer = stageObserver;
    }

    /**
     * Sets the loss of the next runs to one of the embeddings.
     *
     * @param loss null for the cross-entropy of the logits
     */
    public void lossOfEmbeddings(EmbeddingLoss loss) {
        embeddingLoss = loss;
    }

    @Override
    public void run(Worker w) {
        stem.forward(batch, w);
        observe("stage.tokens", streams[0], w);
        for (int i = 0; i < blocks.length; i++) {
            blocks[i].forward(streams[i + 1], streams[i], batch, w);
            observe(stageNames[i], streams[i + 1], w);
        }
        Tensor last = streams[blocks.length];
        pool.forward(last, batch, w);
        if (head != null) {
            head.forward(batch, w);
        }
        if (embeddingLoss == null) {
            CrossEntropy.forward(losses, probabilities, logits, targets, smoothing, batch, w);
            w.barrier();
            CrossEntropy.backward(dlogits, probabilities, targets, smoothing, lossScale, batch, w);
            w.barrier();
            head.backward(dpooled, dlogits, batch, w);
        } else {
            embeddingGradient(w);
        }
        if (frozen.kind() == Frozen.Kind.ALL_BUT_HEAD) {
            return;
        }
        pool.backward(dpooled, last, batch, w);
        for (int i = blocks.length - 1; i >= first; i--) {
            if (checkpointing && i < blocks.length - 1) {
                blocks[i].forward(null, streams[i], batch, w);
            }
            blocks[i].backward(streams[i], batch, w);
        }
        if (frozen.kind() == Frozen.Kind.NOTHING) {
            stem.backward(batch, w);
        }
    }

    /** Asks the loss for the gradient of the embeddings, and takes it back to the pooled vectors. */
    private void embeddingGradient(Worker w) {
        boolean projected = config.isProjection();
        if (w.isFirst()) {
            int count = batch * config.embeddingWidth();
            Spans.read(projected ? logits : pool.pooled, embeddings, count);
            loss = embeddingLoss.gradient(embeddings, batch, dembeddings);
            Spans.write(projected ? dlogits : dpooled, dembeddings, count);
        }
        w.barrier();
        if (projected) {
            head.backward(dpooled, dlogits, batch, w);
        }
    }

    /** The loss of the embeddings of the last run. */
    public double loss() {
        return loss;
    }

    private void observe(String stage, Tensor tokens, Worker w) {
        if (observer != null) {
            if (w.isFirst()) {
                observer.stage(stage, tokens);
            }
            w.barrier();
        }
    }
}
