package vit.model.train.data;

import java.util.Map;
import java.util.TreeMap;
import vit.model.InputException;

/** The images of one shard of a step, in memory that a {@link BatchMaker} fills and that is used again. */
public final class Batch {

    public final float[] images; // (B, channels, height, width)
    public final float[] targets; // (B, classes); filled only where images are mixed
    public final int[] labels; // (B): of the images before they were mixed
    final Map<Integer, InputException> unreadable = new TreeMap<>(); // index in the source → why the image is not in the batch
    public int count; // images in use
    long step; // from 0, over all epochs
    int shard; // of that step
    int[] indices; // (places): the number of each place's image in the source

    Batch(int most, int imageElements, int classes, boolean soft) {
        images = new float[Math.multiplyExact(most, imageElements)];
        targets = new float[soft ? Math.multiplyExact(most, classes) : 0];
        labels = new int[most];
    }

    /** The images that cannot be used and are not in the batch, by their number in the source, and why. A copy. */
    public Map<Integer, InputException> unreadable() {
        return new TreeMap<>(unreadable);
    }
}
