package vit.model.train;

import java.io.IOException;
import java.io.ObjectInputStream;
import java.io.ObjectOutputStream;
import java.io.Serializable;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;

/**
 * The sum over the shards below one node of the binary tree. On level 0 a node is a shard; node {@code n} of level {@code l + 1} is the sum of nodes
 * 2n and 2n + 1 of level {@code l}. For one thread.
 */
public final class ShardSum implements Serializable {

    private static final long serialVersionUID = 1;
    private static final int CHUNK = 1 << 18; // floats

    private final int level;
    private final int node;
    private transient float[] gradient; // (parameters), see FlatParameters
    private final ShardStatistics statistics;

    /**
     * The sum of one node.
     *
     * @param gradient (parameters), in the order of {@link FlatParameters}; kept, and changed by {@link GradientTree#add}
     */
    ShardSum(int level, int node, float[] gradient, ShardStatistics statistics) {
        this.level = level;
        this.node = node;
        this.gradient = gradient;
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
        return gradient;
    }

    /** The losses and the counts. */
    public ShardStatistics statistics() {
        return statistics;
    }

    /** The parent of this node, which is a left one, and of its sibling. The gradient of this node is overwritten by that of the parent. */
    ShardSum plus(ShardSum sibling) {
        float[] sum = gradient;
        float[] other = sibling.gradient;
        for (int i = 0; i < sum.length; i++) {
            sum[i] += other[i];
        }
        return new ShardSum(level + 1, node / 2, sum, statistics.plus(sibling.statistics));
    }

    /** Writes the gradient in large pieces, which is several times as fast as Java's own way to write an array of floats. */
    private void writeObject(ObjectOutputStream out) throws IOException {
        out.defaultWriteObject();
        out.writeInt(gradient.length);
        ByteBuffer bytes = ByteBuffer.allocate(Math.min(CHUNK, gradient.length) * Float.BYTES).order(ByteOrder.LITTLE_ENDIAN);
        for (int from = 0; from < gradient.length; from += CHUNK) {
            int count = Math.min(CHUNK, gradient.length - from);
            bytes.asFloatBuffer().put(gradient, from, count);
            out.write(bytes.array(), 0, count * Float.BYTES);
        }
    }

    private void readObject(ObjectInputStream in) throws IOException, ClassNotFoundException {
        in.defaultReadObject();
        gradient = new float[in.readInt()];
        ByteBuffer bytes = ByteBuffer.allocate(Math.min(CHUNK, gradient.length) * Float.BYTES).order(ByteOrder.LITTLE_ENDIAN);
        for (int from = 0; from < gradient.length; from += CHUNK) {
            int count = Math.min(CHUNK, gradient.length - from);
            in.readFully(bytes.array(), 0, count * Float.BYTES);
            bytes.asFloatBuffer().get(gradient, from, count);
        }
    }
}
