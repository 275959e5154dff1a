package vit.model.forward;

import vit.kernels.gemm.Epilogue;
import vit.kernels.gemm.GemmWorkspace;
import vit.kernels.linear.Linear;
import vit.kernels.parallel.Worker;
import vit.kernels.patchembed.PatchEmbed;
import vit.kernels.tensor.Tensor;
import vit.kernels.tensor.TensorArena;
import vit.model.config.VitConfig;
import vit.model.parameters.Parameters;

/**
 * From images to the tokens of the first block, z₀ = [x_class; x_p¹E; …; x_pᴺE] + E_pos (Dosovitskiy et al. 2020, equation 1), with norms around the
 * projection where vit-pytorch has them and a norm of the tokens where CLIP has one.
 */
final class Stem {

    private final VitConfig config;
    private final VitWeights weights;
    private final Tensor images; // (B, channels, height, width)
    private final Backbone backbone; // or null
    private final Tensor patches; // (B·P, patch elements)
    private final Tensor projected; // (B·P, C)
    private final Tensor x; // (B·T, C)

    // The layers are null where only memory is planned.
    private final Linear projection;
    private final Norm patchNormBefore; // or null
    private final Norm patchNormAfter; // or null
    private final Norm preNorm; // or null

    /**
     * Plans the stem; with null weights, only its memory.
     *
     * @param x receives the tokens
     */
    Stem(VitConfig config, VitWeights weights, Tensor images, Tensor x, int maxBatch, TensorArena arena) {
        this.config = config;
        this.weights = weights;
        this.images = images;
        this.x = x;
        int rows = Math.multiplyExact(maxBatch, config.patches());
        backbone = config.stem().backbone() == null ? null : new Backbone(config.stem(), weights, images, maxBatch, arena);
        patches = backbone != null ? backbone.patches : arena.allocatePadded(rows, config.patchElements());
        projected = arena.allocatePadded(rows, config.width());
        boolean norms = weights != null && config.patchNorm();
        projection = weights == null ? null
                : Linear.of(weights.matrix(Parameters.PATCH_PROJECTION), Epilogue.bias(weights.vector(Parameters.PATCH_PROJECTION + ".bias")));
        patchNormBefore = norms ? Norm.layer(config, weights, Parameters.PATCH_NORM_BEFORE) : null;
        patchNormAfter = norms ? Norm.layer(config, weights, Parameters.PATCH_NORM_AFTER) : null;
        preNorm = weights != null && config.preNorm() ? Norm.of(config, weights, Parameters.PRE_NORM) : null;
    }

    /** Writes the tokens of {@code batch} images. The last barrier is inside. */
    void forward(int batch, GemmWorkspace gemm, Worker w) {
        int rows = batch * config.patches();
        if (backbone != null) {
            backbone.forward(batch, gemm, w);
        } else {
            PatchEmbed.patchify(patches, images, config.patch(), config.patchOrder(), batch, w);
            w.barrier();
        }
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
        PatchEmbed.assemble(x, projected, weights.prefix(), weights.positions(), config.positionedPrefix(), batch, config.patches(), w);
        w.barrier();
        if (preNorm != null) {
            preNorm.forward(x, x, batch * config.tokens(), w);
            w.barrier();
        }
    }
}
