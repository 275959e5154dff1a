package vit.model.spark;

import java.util.ArrayList;
import java.util.Iterator;
import java.util.List;
import org.apache.spark.TaskContext;
import org.apache.spark.api.java.function.FlatMapFunction;
import org.apache.spark.broadcast.Broadcast;
import vit.model.train.DivergedException;
import vit.model.train.GradientTree;
import vit.model.train.ShardWorker;

/**
 * Computes the shards of a partition and adds those that are neighbours in the tree.
 *
 * @param job     the training
 * @param weights of the step
 */
record ShardTask(Broadcast<ShardJob> job, Broadcast<StepWeights> weights) implements FlatMapFunction<Iterator<Integer>, ShardResult> {

    @Override
    public Iterator<ShardResult> call(Iterator<Integer> shards) throws Exception {
        if (!shards.hasNext()) {
            return List.<ShardResult>of().iterator();
        }
        ShardWorkers.Borrowed borrowed = ShardWorkers.borrow(job.value(), TaskContext.get().cpus());
        try {
            ShardWorker worker = borrowed.begin(weights.value());
            GradientTree tree = new GradientTree(job.value().recipe().shards());
            while (shards.hasNext()) {
                int shard = shards.next();
                try {
                    tree.add(worker.compute(weights.value().step(), shard));
                } catch (DivergedException e) {
                    return List.of(new ShardResult(null, e.getMessage(), shard)).iterator();
                }
            }
            return results(tree);
        } finally {
            ShardWorkers.giveBack(borrowed);
        }
    }

    static Iterator<ShardResult> results(GradientTree tree) {
        List<ShardResult> results = new ArrayList<>();
        tree.sums().forEach(sum -> results.add(new ShardResult(sum, null, -1)));
        return results.iterator();
    }
}
