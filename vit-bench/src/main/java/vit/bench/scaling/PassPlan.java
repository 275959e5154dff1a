package vit.bench.scaling;

import java.util.ArrayList;
import java.util.List;
import vit.model.config.ForwardCost;
import vit.model.config.VitConfig;

/**
 * The regions of a forward pass to logits, in the order of {@code vit.model.forward.VitForward}: stem, blocks, the last block for the class token alone, norm
 * and head. It knows the models of {@link vit.model.config.VitVariants}: plain attention, a plain MLP, one class token and a linear head.
 */
final class PassPlan {

    private final VitConfig config;
    private final int batch;
    private final int workers;
    private final Tiling tiling;
    private final List<Region> regions = new ArrayList<>();

    private PassPlan(VitConfig config, int batch, int workers, Tiling tiling) {
        this.config = config;
        this.batch = batch;
        this.workers = workers;
        this.tiling = tiling;
    }

    /** The regions of a pass of {@code batch} images on a team of {@code workers}. */
    static List<Region> regions(VitConfig config, int batch, int workers, Tiling tiling) {
        if (!config.block().attention().isPlain() || config.pooledTokens() != 1 || config.preLogits()
                || ForwardCost.ofPooledTokens(config).equals(ForwardCost.of(config))) {
            throw new IllegalArgumentException("the plan is of ViT with a class token and plain blocks");
        }
        PassPlan plan = new PassPlan(config, batch, workers, tiling);
        plan.stem();
        for (int i = 0; i < config.depth() - 1; i++) {
            plan.block();
        }
        plan.lastBlock();
        plan.head();
        return List.copyOf(plan.regions);
    }

    private void region(String name, Loop... loops) {
        regions.add(new Region(name, List.of(loops)));
    }

    private Loop norm(int rows) {
        return Loop.fixed(Kernel.NORM, rows, config.width());
    }

    private Loop copies(int items, double elements) {
        return Loop.fixed(Kernel.COPY, items, 2 * elements * Float.BYTES);
    }

    private Loop product(Kernel kernel, int m, int outputs, int depth) {
        return tiling.product(kernel, m, outputs, depth, workers);
    }

    private void stem() {
        int patches = batch * config.patches();
        region("patches", copies(patches, config.patchElements()));
        regions.addAll(tiling.packedProduct("projection", Kernel.OUTPUT, patches, config.width(), config.patchElements(), workers));
        region("tokens", copies(batch * config.tokens(), config.width()));
    }

    private void block() {
        int rows = batch * config.tokens();
        region("norm", norm(rows));
        region("qkv", product(Kernel.QKV, rows, 3 * config.inner(), config.width()));
        region("attention", Tiling.attention(batch * config.heads(), config.tokens(), config.tokens(), config.headDim(), workers));
        region("output", product(Kernel.OUTPUT, rows, config.width(), config.inner()));
        region("norm", norm(rows));
        region("fc1", product(Kernel.FC1, rows, config.mlp(), config.width()));
        region("fc2", product(Kernel.FC2, rows, config.width(), config.mlp()));
    }

    private void lastBlock() {
        int rows = batch * config.tokens();
        region("last norm", norm(rows), copies(batch, config.width()));
        region("last keys", norm(batch), product(Kernel.QKV, rows, 2 * config.inner(), config.width()));
        regions.addAll(tiling.packedProduct("last queries", Kernel.QKV, batch, config.inner(), config.width(), workers));
        region("last attention", Tiling.attention(batch * config.heads(), 1, config.tokens(), config.headDim(), workers));
        regions.addAll(tiling.packedProduct("last output", Kernel.OUTPUT, batch, config.width(), config.inner(), workers));
        region("last norm", norm(batch));
        regions.addAll(tiling.packedProduct("last fc1", Kernel.FC1, batch, config.mlp(), config.width(), workers));
        regions.addAll(tiling.packedProduct("last fc2", Kernel.FC2, batch, config.width(), config.mlp(), workers));
    }

    private void head() {
        region("pooling", copies(batch * config.width(), 1));
        region("final norm", norm(batch));
        regions.addAll(tiling.packedProduct("head", Kernel.OUTPUT, batch, config.classes(), config.width(), workers));
    }
}
