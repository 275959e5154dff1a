package vit.model;

import java.io.Serializable;
import java.util.Arrays;
import java.util.List;
import java.util.stream.Collectors;
import vit.kernels.tokenmerge.TokenMerge;
import vit.model.config.VitConfig;

/**
 * How many tokens each block of a session or a training merges (Bolya et al. 2023, arXiv 2210.09461). After its attention, a block joins the tokens whose
 * keys are most alike, and everything after it has so many fewer. It needs no training. The results are other ones than without it, so it is a choice between speed and accuracy.
 *
 * <p>A block never merges more than half of the tokens that are not prefix tokens: what is asked for beyond that is left out. Immutable.
 *
 * @param schedule how the counts are meant
 * @param counts   one count, or with {@link Schedule#BY_BLOCK} one for each of the first blocks; the others merge nothing
 */
public record TokenMerging(Schedule schedule, List<Integer> counts) implements Serializable {

    /** No block merges anything. */
    public static final TokenMerging NONE = constant(0);

    private static final String DECREASING = "decreasing:";

    /** How many tokens the blocks merge. */
    public enum Schedule {
        /** Every block merges as many. */
        CONSTANT,
        /** The first block merges twice the count, the last none, and the others what lies on the line between: as many in all, but faster (section 4.1). */
        DECREASING,
        /** A count for each block. */
        BY_BLOCK
    }

    /**
     * Checks the counts.
     *
     * @throws IllegalArgumentException if a count is negative, or there is not exactly one and the schedule is not by block
     */
    public TokenMerging {
        counts = List.copyOf(counts);
        if (schedule != Schedule.BY_BLOCK && counts.size() != 1) {
            throw new IllegalArgumentException("token merging: expected one count, found " + counts.size());
        }
        for (int count : counts) {
            if (count < 0) {
                throw new IllegalArgumentException("token merging: expected counts of 0 or more, found " + count);
            }
        }
    }

    /** Every block merges {@code r} tokens. */
    public static TokenMerging constant(int r) {
        return new TokenMerging(Schedule.CONSTANT, List.of(r));
    }

    /** The blocks merge {@code r} tokens on average: the first 2·r, the last none. */
    public static TokenMerging decreasing(int r) {
        return new TokenMerging(Schedule.DECREASING, List.of(r));
    }

    /** Block i merges {@code counts[i]} tokens; blocks beyond them merge none. */
    public static TokenMerging byBlock(int... counts) {
        return new TokenMerging(Schedule.BY_BLOCK, Arrays.stream(counts).boxed().toList());
    }

    /**
     * Reads a text as {@link #toString} writes it: {@code 13}, {@code decreasing:13} or {@code 16,16,8}.
     *
     * @throws IllegalArgumentException if it is none of these
     */
    public static TokenMerging parse(String text) {
        try {
            if (text.startsWith(DECREASING)) {
                return decreasing(Integer.parseInt(text.substring(DECREASING.length())));
            }
            if (!text.contains(",")) {
                return constant(Integer.parseInt(text));
            }
            return byBlock(Arrays.stream(text.split(",", -1)).mapToInt(Integer::parseInt).toArray());
        } catch (NumberFormatException e) {
            throw new IllegalArgumentException("token merging: expected a count, decreasing: and a count, or a count for each block with commas between, found '"
                    + text + "'", e);
        }
    }

    /** What each block does, for people: {@code 13 in every block}, for example. */
    public String describe() {
        return isNone() ? "none" : switch (schedule) {
            case CONSTANT -> counts.getFirst() + " in every block";
            case DECREASING -> counts.getFirst() + " a block on average, most of them early";
            case BY_BLOCK -> counts.stream().map(String::valueOf).collect(Collectors.joining(", ")) + " in the first blocks";
        };
    }

    /** Whether no block merges anything. */
    public boolean isNone() {
        return counts.stream().allMatch(count -> count == 0);
    }

    /**
     * The tokens of an image before each block of a model, and at last those after the last block: depth + 1 numbers. The first is
     * {@link VitConfig#tokens()}.
     */
    public int[] tokens(VitConfig config) {
        int[] tokens = new int[config.depth() + 1];
        tokens[0] = config.tokens();
        for (int i = 0; i < config.depth(); i++) {
            tokens[i + 1] = tokens[i] - Math.min(wanted(i, config.depth()), TokenMerge.most(tokens[i], config.prefixTokens()));
        }
        return tokens;
    }

    /**
     * Checks that a model can do it.
     *
     * @throws IllegalArgumentException if it cannot; the message says why
     */
    public void requireServes(VitConfig config) {
        if (isNone()) {
            return;
        }
        if (schedule == Schedule.BY_BLOCK && counts.size() > config.depth()) {
            throw new IllegalArgumentException("token merging: " + counts.size() + " counts for a model of " + config.depth() + " blocks");
        }
        if (!config.block().attention().isPlain()) {
            throw new IllegalArgumentException("this model's tokens cannot be merged: its attention has rotary or relative positions, or norms of its own, "
                    + "which need every token in its place");
        }
        if (config.pooling() == VitConfig.Pooling.PATCH_ATTENTION && config.prefixTokens() > 0) {
            throw new IllegalArgumentException("this model's tokens cannot be merged: its pooling attends to the patches without the tokens before them");
        }
    }

    private int wanted(int block, int depth) {
        return switch (schedule) {
            case CONSTANT -> counts.getFirst();
            case DECREASING -> depth == 1 ? counts.getFirst() : (int) Math.min(Integer.MAX_VALUE, 2L * counts.getFirst() * (depth - 1 - block) / (depth - 1));
            case BY_BLOCK -> block < counts.size() ? counts.get(block) : 0;
        };
    }

    /** The text that {@link #parse} reads. */
    @Override
    public String toString() {
        String list = counts.stream().map(String::valueOf).collect(Collectors.joining(","));
        return schedule == Schedule.DECREASING ? DECREASING + list : schedule == Schedule.BY_BLOCK && counts.size() == 1 ? list + ",0" : list;
    }
}
