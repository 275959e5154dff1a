package vit.model.train;

import java.io.IOException;
import java.util.concurrent.atomic.AtomicReference;
import vit.kernels.parallel.Worker;
import vit.kernels.parallel.Workers;
import vit.model.TrainingOptions;
import vit.model.VitTraining;
import vit.model.config.VitConfig;
import vit.model.image.Preprocessing;
import vit.model.parameters.Parameter;
import vit.model.parameters.ParameterSource;
import vit.model.train.data.Batch;
import vit.model.train.data.BatchMaker;
import vit.model.train.data.BatchPlan;
import vit.model.train.data.CachedImages;
import vit.model.train.data.ImageSource;
import vit.model.train.data.SampleMaker;

/**
 * Computes the gradients of single shards, for a training whose shards are shared between machines. A shard's bits are those that a {@link Trainer} computes for
 * it, whatever was computed before, so any machine can compute any shard, more than once if need be.
 *
 * <p>Weights, gradients, activations and one shard's images are planned when a worker is made. It serves one thread at a time; inside a call its team of threads
 * makes the images and computes. A worker must be closed.
 */
public final class ShardWorker implements AutoCloseable {

    private final BatchMaker maker;
    private final Batch batch;
    private final VitTraining training;
    private final Workers makers;
    private final ShardPass pass;
    private final FlatParameters flat;

    /**
     * A worker for one training. Its weights are zero until they are set.
     *
     * @param images        the training images, as on every other machine
     * @param config        the model
     * @param preprocessing how images become the model's input
     * @param options       threads, passes and the cache of decoded images
     * @throws IllegalArgumentException if the model cannot be trained
     */
    public ShardWorker(ImageSource images, VitConfig config, Preprocessing preprocessing, Recipe recipe, TrainerOptions options) throws IOException {
        BatchPlan plan = new BatchPlan(images.size(), recipe.batch(), recipe.shards(), recipe.seed(), true);
        ImageSource cached = new CachedImages(images, images.isFreshEveryEpoch() ? 0 : options.cacheBytes());
        this.maker = new BatchMaker(new SampleMaker(cached, config, preprocessing, recipe.augmentation(), recipe.seed()), plan, recipe.mixing());
        this.batch = maker.allocate();
        this.flat = new FlatParameters(config, recipe.frozen());
        this.training = VitTraining.of(new Zeros(config), passes(recipe, options, plan.mostInShard()), null);
        Workers team = null;
        try {
            this.pass = new ShardPass(training, recipe, plan, ClassWeights.of(recipe, images));
            team = Workers.of(options.threads(), training + "-images");
        } finally {
            if (team == null) {
                training.close();
            }
        }
        this.makers = team;
    }

    /** Weights that will be set later. */
    private record Zeros(VitConfig config) implements ParameterSource {
        @Override
        public void read(Parameter parameter, float[] target) {
            java.util.Arrays.fill(target, 0, Math.toIntExact(parameter.shape().size()), 0);
        }
    }

    /** The options of passes over shards of up to {@code images} images. */
    static TrainingOptions passes(Recipe recipe, TrainerOptions options, int images) {
        int passImages = (images + options.accumulate() - 1) / options.accumulate();
        return TrainingOptions.of(options.threads(), passImages).withCheckpointing(options.checkpointing()).withLabelSmoothing(ClassWeights.kernelSmoothing(recipe))
                .withDropout(recipe.dropout()).withStochasticDepth(recipe.stochasticDepth()).withSeed(recipe.seed()).withFrozen(recipe.frozen())
                .withTokenMerging(recipe.tokenMerging());
    }

    /**
     * Sets the weights of a step.
     *
     * @param step    from 0
     * @param weights (parameters), in the order of {@link FlatParameters}
     */
    public void begin(long step, float[] weights) {
        flat.setWeights(training, weights);
        training.resumeAfter(Math.toIntExact(step));
    }

    /**
     * Computes one shard of the step that has begun.
     *
     * @throws IOException       if an image cannot be read although it is not at fault
     * @throws DivergedException if the loss is not finite
     */
    public ShardSum compute(long step, int shard) throws IOException, DivergedException {
        maker.begin(batch, step, shard);
        AtomicReference<Throwable> failure = new AtomicReference<>();
        makers.run(worker -> make(worker, failure));
        switch (failure.get()) {
            case null -> {
            }
            case IOException e -> throw e;
            case RuntimeException e -> throw e;
            default -> throw (Error) failure.get();
        }
        maker.finish(batch);
        ShardStatistics statistics = pass.run(batch, step, shard);
        return new ShardSum(0, shard, flat.gradients(training), statistics);
    }

    private void make(Worker worker, AtomicReference<Throwable> failure) {
        try {
            for (int place = worker.from(batch.count); place < worker.to(batch.count); place++) {
                maker.make(batch, place);
            }
        } catch (IOException | RuntimeException | Error e) {
            failure.compareAndSet(null, e);
        }
    }

    /** Bytes that weights, gradients and activations take. */
    public long plannedBytes() {
        return training.plannedBytes();
    }

    /** Frees the memory and ends the threads. */
    @Override
    public void close() {
        makers.close();
        training.close();
    }
}
