package vit.model.backward;

import vit.kernels.layernorm.LayerNorm;
import vit.kernels.linear.Linear;
import vit.kernels.loss.CrossEntropy;
import vit.kernels.parallel.Worker;
import vit.kernels.parallel.Workers;
import vit.kernels.patchembed.PatchEmbed;
import vit.kernels.pooling.Pooling;
import vit.kernels.tensor.Tensor;
import vit.kernels.tensor.TensorArena;
import vit.model.StageObserver;
import vit.model.TrainingOptions;
import vit.model.backward.TrainingBlock.Layer;
import vit.model.backward.TrainingBlock.Norm;
import vit.model.config.VitConfig;
import vit.model.config.VitConfig.FinalNorm;
import vit.model.config.VitConfig.Positions;
import vit.model.parameters.Parameters;

/**
 * The forward pass, the loss and the backward pass, in memory planned for a largest batch. Every worker runs {@link #run} from beginning to end. With
 * checkpointing, only the input of each block is kept, and a block's forward pass runs again before its backward pass. This takes less
 * memory and gives the same bits.
 */
public final class TrainingPass implements Workers.Task {

    private final VitConfig config;
    private final int maxBatch;
    private final boolean checkpointing;
    private final TrainingParameters parameters;
    private final TrainingMemory m;
    private final RandomMasks masks;

    public final Tensor images; // (B, channels, height, width)
    public final Tensor dimages; // (B, channels, height, width), or null when not wanted
    public final Tensor targets; // (B, classes): probabilities
    public final Tensor logits; // (B, classes)
    public final Tensor losses; // (B)

    private final Tensor patches; // (B·P, patch elements)
    private final Tensor patchesNormed; // (B·P, patch elements), patches themselves without a patch norm
    private final Tensor patchMean; // (B·P)
    private final Tensor patchRstd; // (B·P)
    private final Tensor projected; // (B·P, C)
    private final Tensor projectedNormed; // (B·P, C), projected itself without a patch norm
    private final Tensor projectedMean; // (B·P)
    private final Tensor projectedRstd; // (B·P)
    private final Tensor dprojected; // (B·P, C)
    private final Tensor dpatches; // (B·P, patch elements), or null
    private final Tensor dpatchesNorm; // (B·P, patch elements), or null
    private final Tensor[] streams; // (B·T, C): the input of block i, and the output of the last
    private final BlockState[] states; // of every block, or one for all with checkpointing
    private final TrainingBlock[] blocks;
    private final String[] stageNames;
    private final Tensor finalInput; // (B, C) or (B·T, C): what the final norm sees when it follows pooling
    private final Tensor pooled; // (B, C): what the head sees
    private final Tensor dpooled; // (B, C)
    private final Tensor dpool; // (B, C)
    private final Tensor finalMean; // (B·T)
    private final Tensor finalRstd; // (B·T)
    private final Tensor probabilities; // (B, classes)
    private final Tensor dlogits; // (B, classes)
    private final double smoothing;

    private final Layer projection;
    private final Layer head;
    private final Norm finalNorm;
    private final Norm patchNormBefore; // or null
    private final Norm patchNormAfter; // or null

    private int batch;
    private double lossScale;
    private StageObserver observer;

    public TrainingPass(VitConfig config, TrainingParameters parameters, TrainingOptions options, TensorArena arena) {
        this.config = config;
        this.maxBatch = options.maxBatch();
        this.checkpointing = options.checkpointing();
        this.parameters = parameters;
        boolean imageGradient = options.imageGradient();
        int width = config.width();
        int patchRows = Math.multiplyExact(maxBatch, config.patches());
        int rows = Math.multiplyExact(maxBatch, config.tokens());
        masks = new RandomMasks(config, options);
        m = new TrainingMemory(config, maxBatch, options.threads(), arena);
        images = arena.allocate(maxBatch, config.channels(), config.imageHeight(), config.imageWidth());
        dimages = imageGradient ? arena.allocate(images.shape().dimensions()) : null;
        targets = arena.allocate(maxBatch, config.classes());
        logits = arena.allocate(maxBatch, config.classes());
        probabilities = arena.allocate(maxBatch, config.classes());
        dlogits = arena.allocate(maxBatch, config.classes());
        smoothing = options.labelSmoothing();
        losses = arena.allocate(maxBatch);
        boolean norms = config.patchNorm();
        patches = arena.allocatePadded(patchRows, config.patchElements());
        patchesNormed = norms ? arena.allocatePadded(patchRows, config.patchElements()) : patches;
        patchMean = arena.allocate(patchRows);
        patchRstd = arena.allocate(patchRows);
        projected = arena.allocatePadded(patchRows, width);
        projectedNormed = norms ? arena.allocatePadded(patchRows, width) : projected;
        projectedMean = arena.allocate(patchRows);
        projectedRstd = arena.allocate(patchRows);
        dprojected = arena.allocatePadded(patchRows, width);
        boolean patchGradient = imageGradient || norms;
        dpatches = patchGradient ? arena.allocatePadded(patchRows, config.patchElements()) : null;
        dpatchesNorm = norms ? arena.allocatePadded(patchRows, config.patchElements()) : null;
        streams = new Tensor[config.depth() + 1];
        states = new BlockState[config.depth()];
        blocks = new TrainingBlock[config.depth()];
        stageNames = new String[config.depth()];
        for (int i = 0; i <= config.depth(); i++) {
            streams[i] = arena.allocatePadded(rows, width);
        }
        for (int i = 0; i < config.depth(); i++) {
            states[i] = checkpointing && i > 0 ? states[0] : new BlockState(config, maxBatch, arena);
            stageNames[i] = "stage.block." + i;
            blocks[i] = new TrainingBlock(config, parameters, i, masks, m, states[i]);
        }
        finalInput = arena.allocate(maxBatch, width);
        pooled = arena.allocate(maxBatch, width);
        dpooled = arena.allocate(maxBatch, width);
        dpool = arena.allocate(maxBatch, width);
        finalMean = arena.allocate(rows);
        finalRstd = arena.allocate(rows);
        projection = parameters.layer(Parameters.PATCH_PROJECTION);
        head = parameters.layer(Parameters.HEAD);
        finalNorm = parameters.norm(Parameters.finalNorm(config));
        patchNormBefore = norms ? parameters.norm(Parameters.PATCH_NORM_BEFORE) : null;
        patchNormAfter = norms ? parameters.norm(Parameters.PATCH_NORM_AFTER) : null;
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

    @Override
    public void run(Worker w) {
        embed(w);
        observe("stage.tokens", streams[0], w);
        for (int i = 0; i < blocks.length; i++) {
            blocks[i].forward(streams[i + 1], streams[i], batch, w);
            observe(stageNames[i], streams[i + 1], w);
        }
        classify(w);
        CrossEntropy.forward(losses, probabilities, logits, targets, smoothing, batch, w);
        w.barrier();
        CrossEntropy.backward(dlogits, probabilities, targets, smoothing, lossScale, batch, w);
        w.barrier();
        classifyBackward(w);
        for (int i = blocks.length - 1; i >= 0; i--) {
            if (checkpointing && i < blocks.length - 1) {
                blocks[i].forward(null, streams[i], batch, w);
            }
            blocks[i].backward(streams[i], batch, w);
        }
        embedBackward(w);
    }

    private void observe(String stage, Tensor tokens, Worker w) {
        if (observer != null) {
            if (w.isFirst()) {
                observer.stage(stage, tokens);
            }
            w.barrier();
        }
    }

    /** z₀ = [x_class; x_p¹E; …; x_pᴺE] + E_pos (equation 1). */
    private void embed(Worker w) {
        int rows = batch * config.patches();
        PatchEmbed.patchify(patches, images, config.patch(), config.patchOrder(), batch, w);
        w.barrier();
        if (patchNormBefore != null) {
            norm(patchesNormed, patchMean, patchRstd, patches, patchNormBefore, rows, w);
        }
        projection.forward().forward(projected, patchesNormed, rows, m.gemm, w);
        w.barrier();
        if (patchNormAfter != null) {
            norm(projectedNormed, projectedMean, projectedRstd, projected, patchNormAfter, rows, w);
        }
        PatchEmbed.assemble(streams[0], projectedNormed, parameters.weights().prefix(), parameters.weights().positions(),
                config.positions() == Positions.LEARNED, batch, config.patches(), w);
        w.barrier();
        masks.embedding(streams[0], w);
    }

    private void embedBackward(Worker w) {
        int rows = batch * config.patches();
        masks.embedding(m.dx, w);
        PatchEmbed.assembleBackward(dprojected, parameters.gradients().prefix(), parameters.gradients().vector(Parameters.POSITIONS),
                m.dx, config.positions() == Positions.LEARNED, batch, config.prefixTokens(), config.patches(), w);
        w.barrier();
        Tensor dy = dprojected;
        if (patchNormAfter != null) {
            normBackward(m.dbranch, dprojected, projected, projectedMean, projectedRstd, patchNormAfter, rows, w);
            dy = m.dbranch;
        }
        Linear.backwardParameters(projection.dweight(), projection.dbias(), dy, patchesNormed, rows, m.gemm, w);
        w.barrier();
        if (dpatches == null) {
            return;
        }
        Linear.backwardInput(dpatches, dy, projection.transposed(), rows, m.gemm, w);
        w.barrier();
        Tensor dinput = dpatches;
        if (patchNormBefore != null) {
            normBackward(dpatchesNorm, dpatches, patches, patchMean, patchRstd, patchNormBefore, rows, w);
            dinput = dpatchesNorm;
        }
        if (dimages != null) {
            PatchEmbed.unpatchify(dimages, dinput, config.patch(), config.patchOrder(), batch, w);
        }
    }

    /** The final norm, the pooling and the head (equation 4). */
    private void classify(Worker w) {
        Tensor last = streams[blocks.length];
        int tokens = config.tokens();
        if (config.finalNorm() == FinalNorm.BEFORE_POOLING) {
            norm(m.normed, finalMean, finalRstd, last, finalNorm, batch * tokens, w);
            Pooling.forward(pooled, m.normed, firstPooled(), lastPooled(), batch, tokens, w);
            w.barrier();
        } else {
            Pooling.forward(finalInput, last, firstPooled(), lastPooled(), batch, tokens, w);
            w.barrier();
            norm(pooled, finalMean, finalRstd, finalInput, finalNorm, batch, w);
        }
        head.forward().forward(logits, pooled, batch, m.gemm, w);
        w.barrier();
    }

    private void classifyBackward(Worker w) {
        Tensor last = streams[blocks.length];
        int tokens = config.tokens();
        Linear.backwardParameters(head.dweight(), head.dbias(), dlogits, pooled, batch, m.gemm, w);
        w.barrier();
        Linear.backwardInput(dpooled, dlogits, head.transposed(), batch, m.gemm, w);
        w.barrier();
        if (config.finalNorm() == FinalNorm.BEFORE_POOLING) {
            Pooling.backward(m.dnormed, dpooled, firstPooled(), lastPooled(), batch, tokens, w);
            w.barrier();
            normBackward(m.dx, m.dnormed, last, finalMean, finalRstd, finalNorm, batch * tokens, w);
        } else {
            normBackward(dpool, dpooled, finalInput, finalMean, finalRstd, finalNorm, batch, w);
            Pooling.backward(m.dx, dpool, firstPooled(), lastPooled(), batch, tokens, w);
            w.barrier();
        }
    }

    private int firstPooled() {
        return config.pooling() == VitConfig.Pooling.PATCH_MEAN ? config.prefixTokens() : 0;
    }

    private int lastPooled() {
        return config.pooling() == VitConfig.Pooling.TOKEN ? 1 : config.tokens();
    }

    /** A LayerNorm and a barrier. */
    private void norm(Tensor y, Tensor mean, Tensor rstd, Tensor x, Norm norm, int rows, Worker w) {
        LayerNorm.forward(y, mean, rstd, x, norm.weight(), norm.bias(), config.layerNormEps(), rows, w);
        w.barrier();
    }

    /** A LayerNorm's backward pass and a barrier. */
    private static void normBackward(Tensor dx, Tensor dy, Tensor x, Tensor mean, Tensor rstd, Norm norm, int rows, Worker w) {
        LayerNorm.backward(dx, norm.dweight(), norm.dbias(), dy, x, mean, rstd, norm.weight(), rows, w);
        w.barrier();
    }
}
