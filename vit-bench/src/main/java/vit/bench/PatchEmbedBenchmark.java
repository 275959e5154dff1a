package vit.bench;

import vit.kernels.patchembed.PatchEmbed;
import vit.kernels.patchembed.PatchOrder;
import vit.kernels.tensor.Tensor;

/** Cutting images into patches, and assembling tokens. The projection between the two is a GEMM and is measured there. */
public class PatchEmbedBenchmark extends KernelBenchmark {

    private static final int IMAGE = 224;
    private static final int PATCH = 16;
    private static final int PATCHES = TOKENS - 1;

    private Tensor images; // (B, 3, 224, 224)
    private Tensor dimages; // (B, 3, 224, 224)
    private Tensor patches; // (B·P, 768)
    private Tensor tokens; // (B, T, C)
    private Tensor prefix; // (1, C)
    private Tensor positions; // (T, C)
    private Tensor dprojected; // (B·P, C)
    private Tensor dprefix; // (1, C)
    private Tensor dpositions; // (T, C)

    /** For JMH. */
    public PatchEmbedBenchmark() {}

    @Override
    boolean isArithmetic() {
        return false;
    }

    @Override
    void allocate() {
        images = arena().allocate(batch, 3, IMAGE, IMAGE).fill(1);
        dimages = arena().allocate(batch, 3, IMAGE, IMAGE);
        patches = zeros(batch * PATCHES, 3 * PATCH * PATCH);
        tokens = zeros(batch, TOKENS, WIDTH);
        prefix = random(1, WIDTH);
        positions = zeros(TOKENS, WIDTH).fill(1);
        dprojected = zeros(batch * PATCHES, WIDTH);
        dprefix = zeros(1, WIDTH);
        dpositions = zeros(TOKENS, WIDTH);
    }

    @Override
    Pass forward() {
        return new Pass(w -> {
            PatchEmbed.patchify(patches, images, PATCH, PatchOrder.CHANNEL_FIRST, batch, w);
            w.barrier();
            PatchEmbed.assemble(tokens, patches, prefix, positions, 1, batch, PATCHES, w);
        }, gigabytes(images, patches, patches, positions, tokens));
    }

    @Override
    String checkForward() {
        return near("a pixel of 1 with a position of 1", 2, tokens.get(rows() - 1, WIDTH - 1), 0);
    }

    @Override
    Pass backward() {
        return new Pass(w -> {
            PatchEmbed.assembleBackward(dprojected, dprefix, dpositions, tokens, 1, batch, 1, PATCHES, w);
            w.barrier();
            PatchEmbed.unpatchify(dimages, dprojected, PATCH, PatchOrder.CHANNEL_FIRST, batch, w);
        }, gigabytes(tokens, dprojected, dpositions, dprojected, dimages));
    }

    @Override
    String checkBackward() {
        return near("the gradient of the last pixel", 2, dimages.get(dimages.rows() - 1, IMAGE - 1), 0);
    }
}
