package vit.model.train.data;

import java.io.IOException;
import java.util.Arrays;
import vit.model.InputException;
import vit.model.config.VitConfig;
import vit.model.train.augment.CounterRandom;
import vit.model.train.augment.CounterRandom.Purpose;
import vit.model.train.augment.Mixing;

/**
 * Makes the images of a shard, as a training wants them: {@link #begin}, then {@link #make} for every place, by any number of threads, then {@link #finish}. Place
 * and augmentation of an image follow from the plan, so they do not depend on who makes it. Immutable.
 *
 * @param samples makes one image
 * @param plan    says which images
 * @param mixing  what is done to all images of a shard together
 */
public record BatchMaker(SampleMaker samples, BatchPlan plan, Mixing mixing) {

    /** Memory for one shard. */
    public Batch allocate() {
        return new Batch(plan.mostInShard(), samples.imageElements(), samples.images().classes().size(), mixing.isActive());
    }

    /** Empties {@code batch} for a shard, and sets how many places it has. */
    public void begin(Batch batch, long step, int shard) {
        batch.step = step;
        batch.shard = shard;
        batch.indices = plan.indices(step, shard);
        batch.count = batch.indices.length;
        batch.unreadable.clear();
    }

    /**
     * Makes the image of one place. One that cannot be used is noted, and {@link #finish} leaves it out.
     *
     * @throws IOException if the image cannot be read although it is not at fault
     */
    public void make(Batch batch, int place) throws IOException {
        int index = batch.indices[place];
        batch.labels[place] = samples.images().label(index);
        try {
            samples.make(plan.epoch(batch.step), index, batch.images, place * samples.imageElements());
        } catch (InputException unusable) {
            synchronized (batch.unreadable) {
                batch.unreadable.put(index, unusable);
            }
        }
    }

    /** Leaves out the unusable images, so that those after them move up, and mixes the others. All places are made. */
    public void finish(Batch batch) {
        if (!batch.unreadable.isEmpty()) {
            moveUp(batch);
        }
        if (mixing.isActive()) {
            mix(batch);
        }
    }

    private void moveUp(Batch batch) {
        int elements = samples.imageElements();
        int kept = 0;
        for (int place = 0; place < batch.count; place++) {
            if (!batch.unreadable.containsKey(batch.indices[place])) {
                System.arraycopy(batch.images, place * elements, batch.images, kept * elements, elements);
                batch.labels[kept++] = batch.labels[place];
            }
        }
        batch.count = kept;
    }

    private void mix(Batch batch) {
        int classes = samples.images().classes().size();
        Arrays.fill(batch.targets, 0, batch.count * classes, 0);
        for (int b = 0; b < batch.count; b++) {
            batch.targets[b * classes + batch.labels[b]] = 1;
        }
        VitConfig config = samples.config();
        CounterRandom random = new CounterRandom(samples.seed(), Purpose.MIX, plan.epoch(batch.step),
                Math.toIntExact((long) plan.inEpoch(batch.step) * plan.shards() + batch.shard));
        mixing.apply(batch.images, batch.targets, batch.count, samples.imageElements() / config.imageHeight() / config.imageWidth(), config.imageHeight(),
                config.imageWidth(), classes, random);
    }
}
