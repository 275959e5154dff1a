package vit.kernels.tokenmerge;

import vit.kernels.contract.Require;
import vit.kernels.parallel.Worker;
import vit.kernels.tensor.TensorArena;

/**
 * Which tokens of every image become one: what {@link TokenMerge#match} finds and {@link TokenMerge#forward} reads. Planned once for a largest batch and
 * number of tokens. Any thread may read it once the team has passed the barrier behind the matching.
 */
public final class TokenGroups {

    private final int[] joined; // (B, T): the group of every token
    private final int[] first; // (B, T): the lowest token of every group
    private final int[] next; // (B, T): for every token, the next higher one of its group, or −1
    private final int maxBatch;
    private final int maxTokens;
    private int batch; // of the last match, as are the following
    private int tokens;
    private int merged;

    private TokenGroups(TensorArena arena, int maxBatch, int maxTokens) {
        int count = Math.multiplyExact(maxBatch, maxTokens);
        this.maxBatch = maxBatch;
        this.maxTokens = maxTokens;
        this.joined = arena.ints(count);
        this.first = arena.ints(count);
        this.next = arena.ints(count);
    }

    /** Room for {@code maxBatch} images of {@code maxTokens} tokens. */
    public static TokenGroups allocate(TensorArena arena, int maxBatch, int maxTokens) {
        return new TokenGroups(arena, maxBatch, maxTokens);
    }

    /** The largest number of images. */
    public int maxBatch() {
        return maxBatch;
    }

    /** The largest number of tokens of an image. */
    public int maxTokens() {
        return maxTokens;
    }

    /** Called by one worker of a match. */
    void matched(int ofBatch, int ofTokens, int ofMerged) {
        batch = ofBatch;
        tokens = ofTokens;
        merged = ofMerged;
    }

    /** Refuses other images than those of the last match. */
    void require(int ofBatch, int ofTokens, int ofMerged) {
        if (ofBatch > batch || ofTokens != tokens || ofMerged != merged) {
            throw new IllegalArgumentException("the groups are of " + batch + " images of " + tokens + " tokens, " + merged + " of them merged; asked for are "
                    + ofBatch + ", " + ofTokens + " and " + ofMerged);
        }
    }

    /** The index that the group of a token has among the tokens after the merge. */
    public int group(int image, int token) {
        return joined[image * maxTokens + token];
    }

    /**
     * Follows tokens through one more merge: every element of {@code places}, an index among the tokens before it, becomes the index of its group. There is
     * no barrier inside.
     *
     * @param places (B, {@code each}): for every token that is followed, its index
     * @param each   the number of tokens that are followed in an image
     * @param batch  B
     * @param w      the calling member of the team
     */
    public void follow(int[] places, int each, int batch, Worker w) {
        Require.range("batch", batch, 0, maxBatch);
        Require.range("elements of places", (long) batch * each, 0, places.length);
        for (int i = w.from(batch * each), end = w.to(batch * each); i < end; i++) {
            places[i] = joined[i / each * maxTokens + places[i]];
        }
    }

    /** The lowest token of a group. */
    int first(int image, int group) {
        return first[image * maxTokens + group];
    }

    /** The next higher token of the group of {@code token}, or −1. */
    int next(int image, int token) {
        return next[image * maxTokens + token];
    }

    /** The groups of one image, {@link #group} of every token, from {@link #start} on. */
    int[] joined() {
        return joined;
    }

    int start(int image) {
        return image * maxTokens;
    }

    /** Finds the members of every group of an image, after {@link #joined} has been written. */
    void link(int image, int tokens) {
        int start = image * maxTokens;
        for (int t = 0; t < tokens; t++) {
            first[start + t] = -1;
        }
        for (int t = tokens - 1; t >= 0; t--) {
            int group = start + joined[start + t];
            next[start + t] = first[group];
            first[group] = t;
        }
    }
}
