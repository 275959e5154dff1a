package vit.model.train.data;

import java.util.Map;
import java.util.TreeMap;
import vit.model.InputException;

/** The images of one step, in memory that a {@link BatchLoader} fills and reuses. */
public final class Batch {

    public final float[] images; // (B, channels, height, width)
    public final float[] targets; // (B, classes); filled only where images are mixed
    public final int[] labels; // (B): of the images before they were mixed
    final Map<Integer, InputException> unreadable = new TreeMap<>(); // index in the source → why the image is not in the batch
    public int count; // images in use
    long number; // from 0, over all epochs

    Batch(int most, int imageElements, int classes, boolean soft) {
        images = new float[Math.multiplyExact(most, imageElements)];
        targets = new float[soft ? Math.multiplyExact(most, classes) : 0];
        labels = new int[most];
    }
}
