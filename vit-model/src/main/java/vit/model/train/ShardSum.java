package vit.model.train;

import java.io.Serializable;

/**
 * The sum over the shards below one node of the binary tree. On level 0 a node is a shard; node {@code n} of level {@code l + 1} is the sum of nodes
 * 2n and 2n + 1 of level {@code l}. For one thread.
 */
public final class ShardSum implements Serializable {

    private static final long serialVersionUID = 1;

    private final int level;
    private final int node;
    private final FlatValues gradient; // (parameters), see FlatParameters
    private final ShardStatistics statistics;

    /**
     * The sum of one node.
     *
     * @param gradient (parameters), in the order of {@link FlatParameters}; kept, and changed by {@link GradientTree#add}
     */
    ShardSum(int level, int node, float[] gradient, ShardStatistics statistics) {
        this.level = level;
        this.node = node;
        this.gradient = new FlatValues(gradient);
        this.statistics = statistics;
    }

    /** The level in the tree: 2 to this power shards are below the node. */
    public int level() {
        return level;
    }

    /** The number of the node on its level, from 0. */
    public int node() {
        return node;
    }

    /** (parameters): the gradient, not a copy. */
    public float[] gradient() {
        return gradient.values();
    }

    /** The losses and the counts. */
    public ShardStatistics statistics() {
        return statistics;
    }

    /** The parent of this node, which is a left one, and of its sibling. The gradient of this node is overwritten by that of the parent. */
    ShardSum plus(ShardSum sibling) {
        float[] sum = gradient.values();
        float[] other = sibling.gradient();
        for (int i = 0; i < sum.length; i++) {
            sum[i] += other[i];
        }
        return new ShardSum(level + 1, node / 2, sum, statistics.plus(sibling.statistics));
    }
}
