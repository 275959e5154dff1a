package vit.model.train;

import java.io.Serializable;
import java.util.Objects;
import java.util.function.Consumer;
import vit.model.Frozen;
import vit.model.Optimizer;
import vit.model.TokenMerging;
import vit.model.train.augment.Augmentation;
import vit.model.train.augment.Mixing;

/**
 * Every setting that affects the result of a training, given its initial weights and its images. Two trainings with the same recipe, weights and
 * images end with the same bits. Immutable; each {@code with} method returns a copy in which one setting differs.
 *
 * @param name           for messages
 * @param epochs         number of passes over all images
 * @param batch          images per optimiser step; the last step of an epoch has the remaining ones
 * @param seed           seed of the images' order, of augmentation and of mixing
 * @param optimizer      the optimiser, with weight decay and layer decay
 * @param schedule       the learning rate of every step
 * @param clip           largest Euclidean norm of all gradients together; 0: no clipping
 * @param average        decay of the moving average of the weights, which is then the model that is evaluated and saved; 0: none. In step t the decay
 *                       is at most (1 + t) / (10 + t), so that the average soon forgets the first weights
 * @param labelSmoothing share of every target that is spread evenly over the classes, in [0, 1)
 * @param augmentation   what is done to each image
 * @param mixing         what is done to each batch
 * @param dropout        probability that an element is dropped, in [0, 1)
 * @param stochasticDepth probability that an image loses a branch of the last block, falling to 0 in the first, in [0, 1)
 * @param shards         parts into which a batch is divided, a power of two up to {@value #MAX_SHARDS}. Each has a gradient of its own, in which its images are summed in
 *                       order, and the gradients are summed in a binary tree over the numbers of the shards. Several machines can share the shards in any way and
 *                       get the same bits. {@link Mixing} mixes images within a shard
 * @param balanced       whether the loss of an image is weighted by its class, so that every class has the same weight in an epoch: n / (K · n_c) for the
 *                       n images of K classes, n_c of them of class c. The weights of the images have the mean 1
 * @param frozen         the part of the model that keeps its initial values
 * @param patience       training stops after so many epochs without a better one ({@link EpochReport#best}); 0: never
 * @param tokenMerging   how many tokens each block merges, in steps and when the weights are evaluated
 */
public record Recipe(String name, int epochs, int batch, long seed, Optimizer optimizer, Schedule schedule, double clip, double average,
        double labelSmoothing, Augmentation augmentation, Mixing mixing, double dropout, double stochasticDepth, int shards,
        boolean balanced, Frozen frozen, int patience, TokenMerging tokenMerging) implements Serializable {

    /** The largest number of shards. */
    public static final int MAX_SHARDS = 4096;

    public Recipe {
        Objects.requireNonNull(name, "name");
        Objects.requireNonNull(optimizer, "optimizer");
        Objects.requireNonNull(schedule, "schedule");
        Objects.requireNonNull(augmentation, "augmentation");
        Objects.requireNonNull(mixing, "mixing");
        Objects.requireNonNull(frozen, "frozen");
        Objects.requireNonNull(tokenMerging, "tokenMerging");
        if (epochs < 1 || epochs > 1_000_000) {
            throw new IllegalArgumentException("epochs " + epochs + "; expected 1 to 1000000");
        }
        if (batch < 1 || batch > 1 << 20) {
            throw new IllegalArgumentException("batch " + batch + "; expected 1 to " + (1 << 20));
        }
        if (!(clip >= 0 && clip < Double.POSITIVE_INFINITY)) {
            throw new IllegalArgumentException("clip " + clip + "; expected a number of 0 or more");
        }
        if (!(average >= 0 && average < 1)) {
            throw new IllegalArgumentException("average " + average + "; expected 0 to below 1");
        }
        if (!(labelSmoothing >= 0 && labelSmoothing < 1)) {
            throw new IllegalArgumentException("label smoothing " + labelSmoothing + "; expected 0 to below 1");
        }
        if (!(dropout >= 0 && dropout < 1)) {
            throw new IllegalArgumentException("dropout " + dropout + "; expected 0 to below 1");
        }
        if (!(stochasticDepth >= 0 && stochasticDepth < 1)) {
            throw new IllegalArgumentException("stochastic depth " + stochasticDepth + "; expected 0 to below 1");
        }
        if (shards < 1 || shards > MAX_SHARDS || Integer.bitCount(shards) != 1) {
            throw new IllegalArgumentException("shards " + shards + "; expected a power of two up to " + MAX_SHARDS);
        }
        if (patience < 0) {
            throw new IllegalArgumentException("patience " + patience + "; expected 0 epochs or more");
        }
    }

    /** A recipe whose batches are not divided, without weights of classes, that trains the whole model in all epochs and merges no tokens. */
    public Recipe(String name, int epochs, int batch, long seed, Optimizer optimizer, Schedule schedule, double clip, double average,
            double labelSmoothing, Augmentation augmentation, Mixing mixing, double dropout, double stochasticDepth) {
        this(name, epochs, batch, seed, optimizer, schedule, clip, average, labelSmoothing, augmentation, mixing, dropout, stochasticDepth, 1, false, Frozen.NOTHING, 0,
                TokenMerging.NONE);
    }

    /** AdamW at a constant rate, without augmentation, decay or anything else. The methods below change it. */
    public static Recipe plain(int epochs, int batch, double rate) {
        return new Recipe("plain", epochs, batch, 0, Optimizer.adamW(0), Schedule.constant(rate), 0, 0, 0, Augmentation.NONE, Mixing.NONE, 0, 0);
    }

    /** This recipe under another name. */
    public Recipe withName(String value) {
        return with(parts -> parts.name = value);
    }

    /** This recipe with another number of epochs, at least 1. */
    public Recipe withEpochs(int value) {
        return with(parts -> parts.epochs = value);
    }

    /** This recipe with another number of images per optimiser step, at least 1. */
    public Recipe withBatch(int value) {
        return with(parts -> parts.batch = value);
    }

    /** This recipe with another seed. */
    public Recipe withSeed(long value) {
        return with(parts -> parts.seed = value);
    }

    /** This recipe with another optimiser. */
    public Recipe withOptimizer(Optimizer value) {
        return with(parts -> parts.optimizer = value);
    }

    /** This recipe with other learning rates. */
    public Recipe withSchedule(Schedule value) {
        return with(parts -> parts.schedule = value);
    }

    /** This recipe with another bound on the Euclidean norm of the gradients; 0: no clipping. */
    public Recipe withClip(double norm) {
        return with(parts -> parts.clip = norm);
    }

    /** This recipe with another decay of the moving average of the weights, in [0, 1); 0: no average. */
    public Recipe withAverage(double decay) {
        return with(parts -> parts.average = decay);
    }

    /** This recipe with another share of every target that is spread over the classes, in [0, 1). */
    public Recipe withLabelSmoothing(double share) {
        return with(parts -> parts.labelSmoothing = share);
    }

    /** This recipe with another augmentation. */
    public Recipe withAugmentation(Augmentation value) {
        return with(parts -> parts.augmentation = value);
    }

    /** This recipe with another mixing. */
    public Recipe withMixing(Mixing value) {
        return with(parts -> parts.mixing = value);
    }

    /** This recipe with another dropout probability, in [0, 1). */
    public Recipe withDropout(double probability) {
        return with(parts -> parts.dropout = probability);
    }

    /** This recipe with another probability of skipping a branch of the last block, in [0, 1). */
    public Recipe withStochasticDepth(double probability) {
        return with(parts -> parts.stochasticDepth = probability);
    }

    /** This recipe with another number of shards, a power of two. */
    public Recipe withShards(int value) {
        return with(parts -> parts.shards = value);
    }

    /** This recipe, with or without weights that give every class the same part in the loss. */
    public Recipe withBalanced(boolean value) {
        return with(parts -> parts.balanced = value);
    }

    /** This recipe with another part of the model frozen. */
    public Recipe withFrozen(Frozen value) {
        return with(parts -> parts.frozen = value);
    }

    /** This recipe with another number of epochs without a better one after which training stops; 0: it never stops early. */
    public Recipe withPatience(int epochs) {
        return with(parts -> parts.patience = epochs);
    }

    /** This recipe with tokens merged as a schedule says, in steps and in evaluations. */
    public Recipe withTokenMerging(TokenMerging value) {
        return with(parts -> parts.tokenMerging = value);
    }

    private Recipe with(Consumer<Parts> change) {
        Parts parts = new Parts(this);
        change.accept(parts);
        return parts.recipe();
    }

    /** A copy of a recipe's components in which one of them can be changed. */
    private static final class Parts {
        private String name;
        private int epochs;
        private int batch;
        private long seed;
        private Optimizer optimizer;
        private Schedule schedule;
        private double clip;
        private double average;
        private double labelSmoothing;
        private Augmentation augmentation;
        private Mixing mixing;
        private double dropout;
        private double stochasticDepth;
        private int shards;
        private boolean balanced;
        private Frozen frozen;
        private int patience;
        private TokenMerging tokenMerging;

        Parts(Recipe from) {
            name = from.name;
            epochs = from.epochs;
            batch = from.batch;
            seed = from.seed;
            optimizer = from.optimizer;
            schedule = from.schedule;
            clip = from.clip;
            average = from.average;
            labelSmoothing = from.labelSmoothing;
            augmentation = from.augmentation;
            mixing = from.mixing;
            dropout = from.dropout;
            stochasticDepth = from.stochasticDepth;
            shards = from.shards;
            balanced = from.balanced;
            frozen = from.frozen;
            patience = from.patience;
            tokenMerging = from.tokenMerging;
        }

        /** Checks the components as the constructor does. */
        Recipe recipe() {
            return new Recipe(name, epochs, batch, seed, optimizer, schedule, clip, average, labelSmoothing, augmentation, mixing, dropout,
                    stochasticDepth, shards, balanced, frozen, patience, tokenMerging);
        }
    }
}
