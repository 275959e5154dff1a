package vit.model.train;

import java.io.Serializable;
import java.util.Map;
import java.util.TreeMap;
import vit.model.InputException;

/**
 * What is known of the images of a shard, or of several shards together, after their passes. Immutable.
 *
 * @param lossSum    sum of the losses of the images
 * @param right      how many images were classified as the class that is heaviest in their target
 * @param images     images that were used
 * @param unreadable images that could not be used, by their number in the source, and why
 */
public record ShardStatistics(double lossSum, long right, int images, Map<Integer, InputException> unreadable) implements Serializable {

    /** Copies the map. */
    public ShardStatistics {
        unreadable = new TreeMap<>(unreadable);
    }

    /** Those of this node of the tree and of its sibling on the right. */
    ShardStatistics plus(ShardStatistics sibling) {
        Map<Integer, InputException> all = new TreeMap<>(unreadable);
        all.putAll(sibling.unreadable);
        return new ShardStatistics(lossSum + sibling.lossSum, right + sibling.right, images + sibling.images, all);
    }
}
