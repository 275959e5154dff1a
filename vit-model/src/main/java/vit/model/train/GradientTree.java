package vit.model.train;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/**
 * Adds the gradients of shards in a fixed binary tree over the numbers of the shards:
 *
 * <pre>
 *   level 2            0–3
 *   level 1       0–1       2–3          node n of a level is node 2n plus node 2n + 1 of the level below
 *   level 0      0   1     2   3
 * </pre>
 *
 * Floating-point addition is not associative, so the bits of a sum depend on who is added to whom. Here this follows from the numbers of the shards alone. It does not
 * depend on the order in which sums arrive, or on which machine adds which, so machines may add what they have and send the rest on. For one thread.
 */
public final class GradientTree {

    private final int levels; // of the root
    private final Map<Long, ShardSum> waiting = new TreeMap<>(); // for their siblings; by level and node

    /** A tree over so many shards, a power of two. */
    public GradientTree(int shards) {
        if (Integer.bitCount(shards) != 1) {
            throw new IllegalArgumentException("shards " + shards + "; expected a power of two");
        }
        this.levels = Integer.numberOfTrailingZeros(shards);
    }

    /**
     * Adds a sum to its sibling, their parent to its sibling, and so on, as far as siblings are there. The sums belong to the tree from now on.
     *
     * @throws IllegalArgumentException if the node is not of this tree, or is there already
     */
    public void add(ShardSum sum) {
        if (sum.level() > levels || sum.node() >> (levels - sum.level()) != 0) {
            throw new IllegalArgumentException("node " + sum.node() + " of level " + sum.level() + " in a tree of " + (1 << levels) + " shards");
        }
        ShardSum reached = sum;
        for (ShardSum sibling; reached.level() < levels && (sibling = waiting.remove(key(reached.level(), reached.node() ^ 1))) != null;) {
            reached = (reached.node() & 1) == 0 ? reached.plus(sibling) : sibling.plus(reached);
        }
        if (waiting.putIfAbsent(key(reached.level(), reached.node()), reached) != null) {
            throw new IllegalArgumentException("node " + reached.node() + " of level " + reached.level() + " was added twice");
        }
    }

    private static long key(int level, int node) {
        return (long) level << Integer.SIZE | node;
    }

    /** The sums that wait for their siblings, from the lowest level up. */
    public List<ShardSum> sums() {
        return new ArrayList<>(waiting.values());
    }

    /**
     * The sum of all shards.
     *
     * @throws IllegalStateException if shards are missing
     */
    public ShardSum root() {
        ShardSum root = waiting.get(key(levels, 0));
        if (root == null) {
            throw new IllegalStateException("shards are missing: the tree holds " + waiting.size() + " partial sums");
        }
        return root;
    }
}
