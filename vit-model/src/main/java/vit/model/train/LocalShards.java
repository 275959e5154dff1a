package vit.model.train;

import java.io.IOException;
import vit.model.VitTraining;
import vit.model.train.data.Batch;
import vit.model.train.data.BatchLoader;
import vit.model.train.data.BatchMaker;

/** Computes the shards of a step one after the other, in the trainer's own memory, from images that threads prepare ahead. For one thread. */
final class LocalShards implements StepGradient, AutoCloseable {

    private final ShardPass pass;
    private final BatchLoader loader;
    private final int shards;
    private final FlatParameters flat; // null with one shard, whose gradient is the sum

    LocalShards(VitTraining training, ShardPass pass, BatchMaker maker, long firstStep, Recipe recipe, TrainerOptions options) {
        this.pass = pass;
        this.shards = recipe.shards();
        this.flat = shards == 1 ? null : new FlatParameters(training.config(), training.frozen());
        this.loader = new BatchLoader(training.toString(), maker, firstStep, recipe.epochs(), options.loaderThreads(), options.prefetch());
    }

    @Override
    public ShardStatistics compute(long step, VitTraining training) throws IOException, DivergedException {
        if (shards == 1) {
            return run(step, 0);
        }
        GradientTree tree = new GradientTree(shards);
        for (int shard = 0; shard < shards; shard++) {
            ShardStatistics statistics = run(step, shard);
            tree.add(new ShardSum(0, shard, flat.gradients(training), statistics));
        }
        flat.setGradients(training, tree.root().gradient());
        return tree.root().statistics();
    }

    private ShardStatistics run(long step, int shard) throws IOException, DivergedException {
        Batch batch = loader.take();
        ShardStatistics statistics = pass.run(batch, step, shard);
        loader.release(batch);
        return statistics;
    }

    @Override
    public void close() {
        loader.close();
    }
}
