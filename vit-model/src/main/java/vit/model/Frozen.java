package vit.model;

import java.io.Serializable;
import java.util.List;
import vit.model.config.VitConfig;
import vit.model.parameters.Parameter;
import vit.model.parameters.Parameter.Place;
import vit.model.parameters.Parameters;

/**
 * The part of a model that keeps its values, bit for bit, while the rest is trained. It takes no step of the optimiser, no weight decay and no moving average; it
 * has no gradient, so it has no part in the norm by which gradients are clipped. The backward pass ends at the lowest part that is trained, and memory is planned
 * only for what that needs. The parts above have the gradients that they would have if everything were trained. Dropout and stochastic depth apply to frozen blocks
 * as to others. Immutable.
 *
 * @param kind   which part
 * @param blocks for {@link Kind#FRONT}: the number of blocks that are frozen after the stem; otherwise 0
 */
public record Frozen(Kind kind, int blocks) implements Serializable {

    /** Nothing: the whole model is trained. */
    public static final Frozen NOTHING = new Frozen(Kind.NOTHING, 0);

    /** Everything but the last layer: a linear probe. */
    public static final Frozen ALL_BUT_HEAD = new Frozen(Kind.ALL_BUT_HEAD, 0);

    /** Which part of a model is frozen. */
    public enum Kind {
        NOTHING,
        /**
         * The stem and the first blocks. The stem is what stands before the blocks: patches, prefix tokens, positions, and a table of relative positions that all
         * blocks share.
         */
        FRONT,
        ALL_BUT_HEAD
    }

    /**
     * Checks the number.
     *
     * @throws IllegalArgumentException if it is negative, or not 0 for another kind than {@link Kind#FRONT}
     */
    public Frozen {
        if (blocks < 0 || kind != Kind.FRONT && blocks != 0) {
            throw new IllegalArgumentException(blocks + " frozen blocks; expected 0 or more, and only in front");
        }
    }

    /** The stem and the first {@code blocks} blocks, from 0: the stem alone. */
    public static Frozen front(int blocks) {
        return new Frozen(Kind.FRONT, blocks);
    }

    /** Whether a parameter keeps its value. */
    public boolean contains(Parameter parameter) {
        return switch (kind) {
            case NOTHING -> false;
            case FRONT -> parameter.place() == Place.STEM || parameter.place() == Place.BLOCK && parameter.block() < blocks;
            case ALL_BUT_HEAD -> parameter.place() != Place.HEAD;
        };
    }

    /** The parameters that are trained, in the order of the forward pass. */
    public List<Parameter> trained(Parameters parameters) {
        return parameters.list().stream().filter(parameter -> !contains(parameter)).toList();
    }

    /** The number of parameters' elements that are trained. */
    public long trainedCount(Parameters parameters) {
        return trained(parameters).stream().mapToLong(parameter -> parameter.shape().size()).sum();
    }

    /** The lowest block that is trained, from 0; the number of all blocks if none is. */
    public int firstTrainedBlock(VitConfig config) {
        return switch (kind) {
            case NOTHING -> 0;
            case FRONT -> blocks;
            case ALL_BUT_HEAD -> config.depth();
        };
    }

    /**
     * Refuses a model that does not have these blocks, or of which nothing would be trained.
     *
     * @throws IllegalArgumentException if that is so
     */
    public void require(VitConfig config) {
        if (blocks > config.depth()) {
            throw new IllegalArgumentException(blocks + " frozen blocks; the model has " + config.depth());
        }
        if (trained(Parameters.of(config)).isEmpty()) {
            throw new IllegalArgumentException("nothing is left to train beside " + this);
        }
    }

    /** In words, for example {@code the stem and 3 blocks}. */
    @Override
    public String toString() {
        return switch (kind) {
            case NOTHING -> "nothing";
            case FRONT -> "the stem" + (blocks == 0 ? "" : " and " + blocks + (blocks == 1 ? " block" : " blocks"));
            case ALL_BUT_HEAD -> "all but the head";
        };
    }
}
