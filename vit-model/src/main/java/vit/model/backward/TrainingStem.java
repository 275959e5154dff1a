package vit.model.backward;

import vit.kernels.parallel.Worker;
import vit.kernels.patchembed.PatchEmbed;
import vit.kernels.tensor.Tensor;
import vit.kernels.tensor.TensorArena;
import vit.model.config.VitConfig;
import vit.model.parameters.Parameters;

/**
 * From images to the tokens of the first block, forward and backward (Dosovitskiy et al. 2020, equation 1). The twin for inference is
 * {@code vit.model.forward.Stem}.
 */
final class TrainingStem {

    private final VitConfig config;
    private final TrainingParameters parameters;
    private final TrainingMemory m;
    private final RandomMasks masks;
    private final Tensor images; // (B, channels, height, width)
    private final Tensor dimages; // (B, channels, height, width), or null
    private final Tensor tokens; // (B·T, C): what the first block is given

    private final TrainingBackbone backbone; // or null
    private final Tensor patches; // (B·P, patch elements)
    private final Tensor patchesNormed; // (B·P, patch elements), patches themselves without a patch norm
    private final Tensor patchMean; // (B·P)
    private final Tensor patchRstd; // (B·P)
    private final Tensor projected; // (B·P, C)
    private final Tensor projectedNormed; // (B·P, C), projected itself without a patch norm
    private final Tensor projectedMean; // (B·P)
    private final Tensor projectedRstd; // (B·P)
    private final Tensor assembled; // (B·T, C): before the norm of the tokens; the tokens themselves without one
    private final Tensor assembledMean; // (B·T), or null
    private final Tensor assembledRstd; // (B·T), or null
    private final Tensor dprojected; // (B·P, C)
    private final Tensor dpatches; // (B·P, patch elements), or null
    private final Tensor dpatchesNorm; // (B·P, patch elements), or null

    private final Tensor columns; // (gridWidth, C/2): positions by axis, or null
    private final Tensor rows; // (gridHeight, C/2), or null
    private final Tensor dcolumns; // (gridWidth, C/2), or null
    private final Tensor drows; // (gridHeight, C/2), or null

    private final TrainingLayer projection;
    private final TrainingNorm patchNormBefore; // or null
    private final TrainingNorm patchNormAfter; // or null
    private final TrainingNorm preNorm; // or null

    TrainingStem(VitConfig config, TrainingParameters parameters, TrainingMemory memory, RandomMasks masks, Tensor images, Tensor dimages, Tensor tokens,
            int maxBatch, TensorArena arena) {
        this.config = config;
        this.parameters = parameters;
        this.m = memory;
        this.masks = masks;
        this.images = images;
        this.dimages = dimages;
        this.tokens = tokens;
        int width = config.width();
        int patchRows = Math.multiplyExact(maxBatch, config.patches());
        boolean norms = config.patchNorm();
        backbone = config.stem().backbone() == null ? null : new TrainingBackbone(config.stem(), parameters, images, dimages, maxBatch, arena);
        patches = backbone != null ? backbone.patches : arena.allocatePadded(patchRows, config.patchElements());
        patchesNormed = norms ? arena.allocatePadded(patchRows, config.patchElements()) : patches;
        patchMean = arena.allocate(patchRows);
        patchRstd = arena.allocate(patchRows);
        projected = arena.allocatePadded(patchRows, width);
        projectedNormed = norms ? arena.allocatePadded(patchRows, width) : projected;
        projectedMean = arena.allocate(patchRows);
        projectedRstd = arena.allocate(patchRows);
        int tokenRows = Math.multiplyExact(maxBatch, config.tokens());
        assembled = config.preNorm() ? arena.allocatePadded(tokenRows, width) : tokens;
        assembledMean = config.preNorm() ? arena.allocate(tokenRows) : null;
        assembledRstd = config.preNorm() ? arena.allocate(tokenRows) : null;
        dprojected = arena.allocatePadded(patchRows, width);
        dpatches = backbone != null ? backbone.dpatches : dimages != null || norms ? arena.allocatePadded(patchRows, config.patchElements()) : null;
        dpatchesNorm = norms ? arena.allocatePadded(patchRows, config.patchElements()) : null;
        columns = parameters.weights().vector(Parameters.POSITIONS_X);
        rows = parameters.weights().vector(Parameters.POSITIONS_Y);
        dcolumns = parameters.gradients().vector(Parameters.POSITIONS_X);
        drows = parameters.gradients().vector(Parameters.POSITIONS_Y);
        projection = parameters.layer(Parameters.PATCH_PROJECTION);
        patchNormBefore = norms ? parameters.norm(Parameters.PATCH_NORM_BEFORE) : null;
        patchNormAfter = norms ? parameters.norm(Parameters.PATCH_NORM_AFTER) : null;
        preNorm = config.preNorm() ? parameters.norm(Parameters.PRE_NORM) : null;
    }

    /** Writes the tokens. A barrier is at the end. */
    void forward(int batch, Worker w) {
        int patchRows = batch * config.patches();
        if (columns != null) {
            PatchEmbed.joinAxes(parameters.weights().positions(), columns, rows, w);
        }
        if (backbone != null) {
            backbone.forward(batch, m.gemm, w);
        } else {
            PatchEmbed.patchify(patches, images, config.patch(), config.patchOrder(), batch, w);
            w.barrier();
        }
        if (patchNormBefore != null) {
            patchNormBefore.forward(patchesNormed, patchMean, patchRstd, patches, patchRows, w);
            w.barrier();
        }
        projection.forward(projected, patchesNormed, patchRows, m.gemm, w);
        if (patchNormAfter != null) {
            patchNormAfter.forward(projectedNormed, projectedMean, projectedRstd, projected, patchRows, w);
            w.barrier();
        }
        PatchEmbed.assemble(assembled, projectedNormed, parameters.weights().prefix(), parameters.weights().positions(),
                config.positionedPrefix(), batch, config.patches(), w);
        w.barrier();
        if (preNorm != null) {
            preNorm.forward(tokens, assembledMean, assembledRstd, assembled, batch * config.tokens(), w);
            w.barrier();
        }
        masks.embedding(tokens, w);
    }

    /** Adds to the gradients of the parameters, given the gradient of the tokens in {@code m.dx}. */
    void backward(int batch, Worker w) {
        int patchRows = batch * config.patches();
        masks.embedding(m.dx, w);
        Tensor dassembled = m.dx;
        if (preNorm != null) {
            preNorm.backward(m.dbranch, m.dx, assembled, assembledMean, assembledRstd, batch * config.tokens(), w);
            dassembled = m.dbranch;
        }
        PatchEmbed.assembleBackward(dprojected, parameters.gradients().prefix(), parameters.gradients().vector(Parameters.POSITIONS),
                dassembled, config.positionedPrefix(), batch, config.prefixTokens(), config.patches(), w);
        if (dcolumns != null) {
            PatchEmbed.joinAxesBackward(dcolumns, drows, dassembled, batch, config.prefixTokens(), w);
        }
        w.barrier();
        Tensor dy = dprojected;
        if (patchNormAfter != null) {
            patchNormAfter.backward(m.dbranch, dprojected, projected, projectedMean, projectedRstd, patchRows, w);
            dy = m.dbranch;
        }
        projection.backward(dpatches, dy, patchesNormed, patchRows, m.gemm, w);
        if (backbone != null) {
            backbone.backward(batch, m.gemm, w);
            return;
        }
        if (dpatches == null) {
            return;
        }
        Tensor dinput = dpatches;
        if (patchNormBefore != null) {
            patchNormBefore.backward(dpatchesNorm, dpatches, patches, patchMean, patchRstd, patchRows, w);
            dinput = dpatchesNorm;
        }
        if (dimages != null) {
            PatchEmbed.unpatchify(dimages, dinput, config.patch(), config.patchOrder(), batch, w);
        }
    }
}
