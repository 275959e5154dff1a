package vit.model;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.TreeSet;

/**
 * Which vectors of an image a call of {@link VitSession#features(float[], int, Features)} is to give. Immutable; start from one of the factories and
 * combine requests with {@link #and}.
 *
 * <pre>{@code
 * FeatureRequest request = FeatureRequest.embedding().and(FeatureRequest.patches()).withUnitLength(true);
 * FeatureRequest layers = FeatureRequest.blocks(2, 5, 8).withFinalNorm(false);     // the blocks after the ninth are not computed
 * }</pre>
 *
 * <p>A pass ends with the last block that the request needs: the embedding, the pooled vector and the patches need all of them.
 */
public final class FeatureRequest {

    private final boolean embedding;
    private final boolean pooled;
    private final boolean patches;
    private final List<Integer> blocks; // ascending
    private final boolean finalNorm;
    private final boolean unitLength;

    private FeatureRequest(boolean embedding, boolean pooled, boolean patches, List<Integer> blocks, boolean finalNorm, boolean unitLength) {
        this.embedding = embedding;
        this.pooled = pooled;
        this.patches = patches;
        this.blocks = blocks;
        this.finalNorm = finalNorm;
        this.unitLength = unitLength;
    }

    /** The image's embedding, what {@link VitSession#embed(float[], int, float[])} gives: (E). */
    public static FeatureRequest embedding() {
        return new FeatureRequest(true, false, false, List.of(), true, false);
    }

    /** The pooled vector, before a projection or a classification layer: (C), or (2·C) with DINOv2's classifiers. */
    public static FeatureRequest pooled() {
        return new FeatureRequest(false, true, false, List.of(), true, false);
    }

    /**
     * The patch tokens of the last block as a grid: (gridHeight, gridWidth, C). They went through the final norm if the model applies it to tokens,
     * that is, before the pooling. A norm of the pooled vector does not belong to tokens.
     */
    public static FeatureRequest patches() {
        return new FeatureRequest(false, false, true, List.of(), true, false);
    }

    /**
     * The tokens that these blocks give, each (T, C), prefix tokens first.
     *
     * @param indices counted from 0; their order does not matter
     * @throws IllegalArgumentException if there is none, or one is negative
     */
    public static FeatureRequest blocks(int... indices) {
        TreeSet<Integer> ordered = new TreeSet<>();
        Arrays.stream(indices).forEach(ordered::add);
        if (ordered.isEmpty() || ordered.first() < 0) {
            throw new IllegalArgumentException("blocks " + Arrays.toString(indices) + "; expected at least one, counted from 0");
        }
        return new FeatureRequest(false, false, false, List.copyOf(ordered), true, false);
    }

    /** A request for what this one and {@code other} ask for, with the options of this one. */
    public FeatureRequest and(FeatureRequest other) {
        TreeSet<Integer> both = new TreeSet<>(blocks);
        both.addAll(other.blocks);
        return new FeatureRequest(embedding || other.embedding, pooled || other.pooled, patches || other.patches, List.copyOf(both), finalNorm, unitLength);
    }

    /**
     * The same request, with ({@code true}, the default) or without the final norm on the tokens of {@link #blocks}. As in {@link #patches}, there
     * must be one that stands before the pooling; else the tokens stay as they are.
     */
    public FeatureRequest withFinalNorm(boolean value) {
        return new FeatureRequest(embedding, pooled, patches, blocks, value, unitLength);
    }

    /**
     * The same request, with every vector divided by its Euclidean length ({@code true}) or not ({@code false}, the default): the embedding, the
     * pooled vector, and each token. A vector of zeros stays as it is. The length is summed in double precision.
     */
    public FeatureRequest withUnitLength(boolean value) {
        return new FeatureRequest(embedding, pooled, patches, blocks, finalNorm, value);
    }

    /** Whether the embedding is asked for. */
    public boolean wantsEmbedding() {
        return embedding;
    }

    /** Whether the pooled vector is asked for. */
    public boolean wantsPooled() {
        return pooled;
    }

    /** Whether the patch tokens are asked for. */
    public boolean wantsPatches() {
        return patches;
    }

    /** The blocks whose tokens are asked for, ascending. Immutable. */
    public List<Integer> blockIndices() {
        return blocks;
    }

    /** Whether the tokens of {@link #blockIndices} go through the final norm. */
    public boolean finalNorm() {
        return finalNorm;
    }

    /** Whether every vector has length 1. */
    public boolean unitLength() {
        return unitLength;
    }

    /** What is asked for, for example {@code embedding, patches, blocks [2, 5]}. */
    @Override
    public String toString() {
        List<String> parts = new ArrayList<>();
        if (embedding) {
            parts.add("embedding");
        }
        if (pooled) {
            parts.add("pooled");
        }
        if (patches) {
            parts.add("patches");
        }
        if (!blocks.isEmpty()) {
            parts.add("blocks " + blocks + (finalNorm ? "" : " without the final norm"));
        }
        return String.join(", ", parts) + (unitLength ? "; of unit length" : "");
    }
}
