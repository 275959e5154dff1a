package vit.model.spark;

import java.util.ArrayList;
import java.util.Iterator;
import java.util.List;
import org.apache.spark.api.java.function.FlatMapFunction;
import vit.model.train.GradientTree;

/**
 * Adds the sums of a partition that are neighbours in the tree, as they arrive.
 *
 * @param shards of the whole tree
 */
record AddTask(int shards) implements FlatMapFunction<Iterator<ShardResult>, ShardResult> {

    @Override
    public Iterator<ShardResult> call(Iterator<ShardResult> results) {
        GradientTree tree = new GradientTree(shards);
        List<ShardResult> all = new ArrayList<>();
        while (results.hasNext()) {
            ShardResult result = results.next();
            if (result.sum() == null) {
                all.add(result);
            } else {
                tree.add(result.sum());
            }
        }
        ShardTask.results(tree).forEachRemaining(all::add);
        return all.iterator();
    }
}
