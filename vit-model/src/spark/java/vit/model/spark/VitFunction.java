package vit.model.spark;

import java.io.IOException;
import java.util.EnumSet;
import java.util.Iterator;
import java.util.Objects;
import java.util.Set;
import org.apache.spark.TaskContext;
import org.apache.spark.api.java.function.FlatMapFunction;
import org.apache.spark.api.java.function.MapPartitionsFunction;
import org.apache.spark.util.TaskCompletionListener;
import vit.model.image.format.ImageDecoder;

/**
 * Runs a model on the images of a partition; for {@code Dataset.mapPartitions} and {@code JavaRDD.mapPartitions}. {@link VitTransformer} is the same for
 * columns.
 *
 * <pre>{@code
 * VitFunction<byte[], float[]> embed = VitFunction.ofBytes(ModelFiles.of(spark, "hdfs:///vit_b16.safetensors"), Set.of(Output.EMBEDDING), 8,
 *         (bytes, answer) -> answer.embedding());
 * JavaRDD<float[]> embeddings = files.mapPartitions(embed);
 * }</pre>
 *
 * <h2>What an executor holds</h2>
 * An executor's JVM loads a model once, whatever the number of tasks, and finds it by the checksum of its files. A task borrows a session of that model and
 * gives it back when it ends, so there are as many sessions as tasks run at the same time. A session has {@code spark.task.cpus} threads, the task's own
 * included. These threads decode as well. Outside a task the function uses one thread.
 *
 * <h2>Results</h2>
 * There is one result for each element, in the order of the elements. Its bits do not depend on the partition, the batch or the number of threads. An image
 * that cannot be used, or whose result is not finite, gets an answer with an error, and the others go on. A model that cannot be loaded or that lacks what was
 * asked for ends the task with an exception: it is no fault of an image.
 *
 * @param <T> the elements of a partition
 * @param <R> the results
 */
public final class VitFunction<T, R> implements MapPartitionsFunction<T, R>, FlatMapFunction<Iterator<T>, R> {

    private static final long serialVersionUID = 1;

    private final ModelFiles model;
    private final EnumSet<Output> outputs;
    private final int batch;
    private final ImageReader<T> reader;
    private final AnswerWriter<T, R> writer;

    /**
     * A function of these settings.
     *
     * @param model   the weights
     * @param outputs what is computed, at least one
     * @param batch   images that the model is given at a time, at least 1
     * @param reader  finds an element's image
     * @param writer  makes an element's result
     */
    public VitFunction(ModelFiles model, Set<Output> outputs, int batch, ImageReader<T> reader, AnswerWriter<T, R> writer) {
        if (batch < 1) {
            throw new IllegalArgumentException("batch " + batch + "; expected 1 or more");
        }
        if (outputs.isEmpty()) {
            throw new IllegalArgumentException("no output; expected logits, embedding, class, or several of them");
        }
        this.model = Objects.requireNonNull(model, "model");
        this.outputs = EnumSet.copyOf(outputs);
        this.batch = batch;
        this.reader = Objects.requireNonNull(reader, "reader");
        this.writer = Objects.requireNonNull(writer, "writer");
    }

    /** A function of the bytes of image files. The other arguments are as in the constructor. */
    public static <R> VitFunction<byte[], R> ofBytes(ModelFiles model, Set<Output> outputs, int batch, AnswerWriter<byte[], R> writer) {
        return new VitFunction<>(model, outputs, batch, bytes -> ImageDecoder.decode("an image", bytes), writer);
    }

    /**
     * The results of a partition, computed batch by batch while they are asked for.
     *
     * @throws IOException              if the model cannot be loaded
     * @throws IllegalArgumentException if logits or classes are asked of a model without a head
     */
    @Override
    public Iterator<R> call(Iterator<T> elements) throws IOException {
        TaskContext task = TaskContext.get();
        ModelLease lease = ExecutorModels.lease(model, task == null ? 1 : task.cpus(), batch);
        if (task != null) {
            task.addTaskCompletionListener((TaskCompletionListener) _ -> lease.close());
        }
        try {
            return new BatchedAnswers<>(elements, new BatchRun(lease, outputs), reader, writer);
        } catch (RuntimeException e) {
            lease.close();
            throw e;
        }
    }
}
