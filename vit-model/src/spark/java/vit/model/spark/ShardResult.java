package vit.model.spark;

import java.io.Serializable;
import vit.model.train.ShardSum;

/**
 * What became of some shards: their sum, or the message of the first of them whose loss is not finite. The latter is no exception, because Spark would try the task again,
 * and the loss would be the same.
 *
 * @param sum      of the gradients; null if they diverged
 * @param diverged null if they did not
 * @param shard    the one that diverged
 */
record ShardResult(ShardSum sum, String diverged, int shard) implements Serializable {

    /** The number of this sum's ancestor on a level of the tree. */
    int ancestor(int level) {
        return sum == null ? shard >> level : sum.node() >> (level - sum.level());
    }
}
