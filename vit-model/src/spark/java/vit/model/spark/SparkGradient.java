package vit.model.spark;

import java.io.IOException;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;
import java.util.UUID;
import java.util.stream.IntStream;
import org.apache.spark.HashPartitioner;
import org.apache.spark.api.java.JavaRDD;
import org.apache.spark.api.java.JavaSparkContext;
import org.apache.spark.broadcast.Broadcast;
import org.apache.spark.serializer.JavaSerializer;
import org.apache.spark.sql.SparkSession;
import scala.Tuple2;
import vit.model.VitTraining;
import vit.model.train.DivergedException;
import vit.model.train.FlatParameters;
import vit.model.train.FlatValues;
import vit.model.train.GradientTree;
import vit.model.train.ShardStatistics;
import vit.model.train.StepGradient;
import vit.model.train.Trainer;
import vit.model.train.TrainerOptions;

/**
 * Computes the gradients of a training on the executors of a Spark application. The trainer runs on the driver as it does without Spark: it takes the optimiser steps,
 * validates, and saves.
 *
 * <pre>{@code
 * HadoopImages images = HadoopImages.of(spark, "hdfs:///photos");
 * Recipe recipe = Recipes.named("small").withBatch(1024).withShards(32);
 * TrainerOptions options = TrainerOptions.threads(8).withAccumulate(recipe.batch());     // the driver runs no pass, so it plans a small one
 * try (Trainer trainer = Trainer.of(start, Split.all(images), preprocessing, recipe, options)) {
 *     SparkGradient gradient = SparkGradient.of(spark, trainer, images).withPartitions(16);
 *     trainer.train(listener, gradient);
 *     trainer.save(Path.of("training.state"));
 * }
 * }</pre>
 *
 * <h2>A step</h2>
 * The driver broadcasts the weights. Each task computes the gradients of its shards and adds those that are neighbours in the tree of {@link GradientTree}. If more partial
 * sums are left than {@link #withFanIn} says, executors exchange and add them in further stages; the driver adds the last ones.
 *
 * <h2>Same bits</h2>
 * Weights, optimiser states and reports have the bits of a training without Spark by the same recipe: at any number of partitions, executors and threads, after executors were lost,
 * and with speculation. {@link vit.model.train.Recipe#shards} is part of the recipe and does affect the bits. Executors keep no state that could not be made again. A driver that is
 * killed loses what it did since {@link Trainer#save}; {@link Trainer#resume} continues.
 *
 * <h2>Threads and memory</h2>
 * For the thread of one trainer at a time. A task computes with {@code spark.task.cpus} threads. For every task that runs at the same time, an executor holds weights, gradients
 * and the activations of a pass off the heap; the weights of the step once and one partial sum for each level of the tree are on the heap.
 */
public final class SparkGradient implements StepGradient {

    private static final int FAN_IN = 8;

    private final JavaSparkContext spark;
    private final ShardJob job;
    private final FlatParameters flat;
    private final int partitions;
    private final int fanIn;
    private Broadcast<ShardJob> sent; // null before the first step
    private long version;

    private SparkGradient(JavaSparkContext spark, ShardJob job, int partitions, int fanIn) {
        this.spark = spark;
        this.job = job;
        this.flat = new FlatParameters(job.config(), job.recipe().frozen());
        this.partitions = partitions;
        this.fanIn = fanIn;
    }

    /**
     * The gradients of a trainer, with as many partitions as the application has cores, at most one for each shard.
     *
     * @param images those that the trainer trains on
     * @throws IllegalArgumentException if {@code spark.serializer} is not Spark's default: Kryo would leave out the gradients
     */
    public static SparkGradient of(SparkSession spark, Trainer trainer, TrainingImages images) throws IOException {
        JavaSparkContext context = JavaSparkContext.fromSparkContext(spark.sparkContext());
        String serializer = context.getConf().get("spark.serializer", JavaSerializer.class.getName());
        if (!serializer.equals(JavaSerializer.class.getName())) {
            throw new IllegalArgumentException("spark.serializer is " + serializer + "; training needs Spark's default, " + JavaSerializer.class.getName());
        }
        TrainerOptions options = TrainerOptions.threads(1).withCacheBytes(0);
        ShardJob job = new ShardJob(UUID.randomUUID().toString(), images, trainer.trainingImages(), trainer.config(), trainer.weights().preprocessing(),
                trainer.recipe(), options);
        return new SparkGradient(context, job, Math.min(trainer.recipe().shards(), context.defaultParallelism()), FAN_IN);
    }

    /**
     * The same with another number of partitions, that is of tasks of a step. Where it divides the number of shards, each task has one sum to send.
     *
     * @throws IllegalArgumentException if it is below 1
     */
    public SparkGradient withPartitions(int number) {
        if (number < 1) {
            throw new IllegalArgumentException(number + " partitions; expected 1 or more");
        }
        return new SparkGradient(spark, job, number, fanIn);
    }

    /**
     * The same, where at most so many tasks send their sums to the driver. A smaller number needs less memory on the driver and more stages. It is 8 otherwise.
     *
     * @throws IllegalArgumentException if it is below 2
     */
    public SparkGradient withFanIn(int number) {
        if (number < 2) {
            throw new IllegalArgumentException("fan-in " + number + "; expected 2 or more");
        }
        return new SparkGradient(spark, job, partitions, number);
    }

    /** The same, where each executor keeps so many bytes of decoded images on its heap from epoch to epoch. It keeps none otherwise. */
    public SparkGradient withCacheBytes(long bytes) {
        return new SparkGradient(spark, job(job.options().withCacheBytes(bytes)), partitions, fanIn);
    }

    /** The same, where each shard is computed in so many passes; see {@link TrainerOptions#withAccumulate}. */
    public SparkGradient withAccumulate(int passes) {
        return new SparkGradient(spark, job(job.options().withAccumulate(passes)), partitions, fanIn);
    }

    private ShardJob job(TrainerOptions options) {
        return new ShardJob(UUID.randomUUID().toString(), job.images(), job.size(), job.config(), job.preprocessing(), job.recipe(), options);
    }

    /**
     * Has the executors compute the gradient of a step. If a task has failed as often as {@code spark.task.maxFailures} allows, Spark's {@code SparkException} ends the call, and
     * the trainer is as before the step.
     */
    @Override
    public ShardStatistics compute(long step, VitTraining training) throws IOException, DivergedException {
        int shards = job.recipe().shards();
        if (sent == null) {
            sent = spark.broadcast(job); // once, because it holds the list of all images; freed after this object
        }
        Broadcast<StepWeights> weights = spark.broadcast(new StepWeights(version++, step, new FlatValues(flat.weights(training))));
        List<ShardResult> results;
        try {
            List<Integer> numbers = IntStream.range(0, shards).boxed().toList();
            results = gathered(spark.parallelize(numbers, Math.min(partitions, shards)).mapPartitions(new ShardTask(sent, weights))).collect();
        } finally {
            weights.destroy();
        }
        Optional<ShardResult> diverged = results.stream().filter(result -> result.sum() == null).min(Comparator.comparing(ShardResult::shard));
        if (diverged.isPresent()) {
            throw new DivergedException(diverged.get().diverged());
        }
        GradientTree tree = new GradientTree(shards);
        new ArrayList<>(results).forEach(result -> tree.add(result.sum()));
        flat.setGradients(training, tree.root().gradient());
        return tree.root().statistics();
    }

    /** Has executors add the sums until few enough are left for the driver. */
    private JavaRDD<ShardResult> gathered(JavaRDD<ShardResult> sums) {
        int shards = job.recipe().shards();
        int levels = Integer.numberOfTrailingZeros(shards);
        JavaRDD<ShardResult> left = sums;
        for (int senders = Math.min(partitions, shards); senders > fanIn;) {
            int groups = Integer.highestOneBit(Math.max(1, (senders - 1) / fanIn)); // a power of two, so each group is below one node
            int level = levels - Integer.numberOfTrailingZeros(groups);
            left = left.mapToPair(result -> new Tuple2<>(result.ancestor(level), result)).partitionBy(new HashPartitioner(groups)).values()
                    .mapPartitions(new AddTask(shards));
            senders = groups;
        }
        return left;
    }
}
