package vit.kernels.tokenmerge;

import static vit.kernels.simd.Simd.LANES;
import static vit.kernels.simd.Simd.SPECIES;

import java.util.Arrays;
import jdk.incubator.vector.FloatVector;
import vit.kernels.gemm.Panels;
import vit.kernels.simd.Reduction;
import vit.kernels.simd.VectorLoop;

/**
 * The matching of one image's tokens on the Vector API. The cosines of sources and targets are a matrix product of their keys' directions, so each is one
 * chain of fma. The length of a key is a sum in 16 virtual lanes.
 */
final class TokenMatchSimd {

    private TokenMatchSimd() {}

    /** Writes the direction of a token's key, summed over the heads, to its place among the sources or the targets. The key is in the part. */
    static void direction(TokenMergeWorkspace.Part part, int token, int heads, int headDim, float[] lanes) {
        int stride = TokenMergeWorkspace.stride(headDim);
        float[] to = token % 2 == 0 ? part.sources() : part.targets();
        int at = token / 2 * stride;
        sumHeads(to, at, part.keys(), heads, headDim);
        Arrays.fill(to, at + headDim, at + stride, 0f); // zero times the infinite factor of a key of zeros has left NaN there
        squares(part.squares(), to, at, stride);
        float sum = Reduction.sum(part.squares(), 0, stride, lanes);
        multiply(to, at, stride, (float) (1 / Math.sqrt(sum)));
    }

    /** The sum of a key's heads, each element a chain over the heads in ascending order. */
    @VectorLoop
    static void sumHeads(float[] sum, int to, float[] key, int heads, int headDim) {
        int d = 0;
        for (; d <= headDim - LANES; d += LANES) {
            FloatVector acc = FloatVector.fromArray(SPECIES, key, d);
            for (int h = 1; h < heads; h++) {
                acc = FloatVector.fromArray(SPECIES, key, h * headDim + d).add(acc);
            }
            acc.intoArray(sum, to + d);
        }
        for (; d < headDim; d++) {
            float acc = key[d];
            for (int h = 1; h < heads; h++) {
                acc = key[h * headDim + d] + acc;
            }
            sum[to + d] = acc;
        }
    }

    /** The squares of {@code n} floats, a multiple of 16. */
    @VectorLoop
    static void squares(float[] squares, float[] values, int from, int n) {
        for (int i = 0; i < n; i += LANES) {
            FloatVector x = FloatVector.fromArray(SPECIES, values, from + i);
            x.mul(x).intoArray(squares, i);
        }
    }

    /** Multiplies {@code n} floats, a multiple of 16, by {@code factor}. */
    @VectorLoop
    static void multiply(float[] values, int from, int n, float factor) {
        for (int i = from; i < from + n; i += LANES) {
            FloatVector.fromArray(SPECIES, values, i).mul(factor).intoArray(values, i);
        }
    }

    /** Finds the groups of an image whose directions are in the part; if nothing is to be merged, they are not read. */
    static void match(TokenGroups groups, TokenMergeWorkspace.Part part, int image, int tokens, int headDim, int prefix, int merged) {
        join(groups, part, image, tokens, merged == 0 ? 0 : rankSources(part, tokens, headDim, prefix, merged));
    }

    /** Finds every source's nearest target and the {@code merged} sources that are nearest to theirs; returns how many these are. */
    private static int rankSources(TokenMergeWorkspace.Part part, int tokens, int headDim, int prefix, int merged) {
        int stride = TokenMergeWorkspace.stride(headDim);
        int targets = tokens / 2;
        int row = Panels.padded(targets);
        int ranked = 0;
        Panels.packOutputs(part.staged(), 0, part.memory().segment(), 0, part.targets(), 0, stride, targets, headDim);
        for (int i = 0; i < (tokens + 1) / 2; i += Panels.ROWS) {
            int count = Math.min(Panels.ROWS, (tokens + 1) / 2 - i);
            Panels.packTile(part.rows(), 0, part.sources(), i * stride, stride, count, headDim);
            Panels.multiplyOutputs(part.tile(), part.rows(), 0, part.memory().segment(), 0, part.staged(), 0, targets, headDim, part.cosines(), 0, row, count);
            for (int r = Math.max(0, (prefix + 1) / 2 - i); r < count; r++) {
                int nearest = greatest(part.cosines(), r * row, prefix / 2, targets);
                part.nearest()[i + r] = nearest;
                float cosine = part.cosines()[r * row + nearest];
                ranked = rank(part, ranked, merged, i + r, Float.isNaN(cosine) ? Float.NEGATIVE_INFINITY : cosine);
            }
        }
        return ranked;
    }

    /** The first index of the greatest of some values, of which NaN is the least. */
    private static int greatest(float[] values, int start, int from, int to) {
        int at = from;
        float greatest = Float.NEGATIVE_INFINITY;
        for (int i = from; i < to; i++) {
            float value = values[start + i];
            if (value > greatest) {
                greatest = value;
                at = i;
            }
        }
        return at;
    }

    /** Puts a source in its place among the best, behind those that are as good and came earlier; returns how many there now are. */
    private static int rank(TokenMergeWorkspace.Part part, int count, int most, int source, float cosine) {
        float[] rankings = part.rankings();
        int[] ranked = part.ranked();
        int at = count;
        while (at > 0 && cosine > rankings[at - 1]) {
            at--;
        }
        if (at == most) {
            return count;
        }
        int moved = Math.min(count, most - 1) - at;
        System.arraycopy(rankings, at, rankings, at + 1, moved);
        System.arraycopy(ranked, at, ranked, at + 1, moved);
        rankings[at] = cosine;
        ranked[at] = source;
        return Math.min(count + 1, most);
    }

    /** Writes the groups: the first {@code ranked} sources join their targets, and what stays keeps its order. */
    private static void join(TokenGroups groups, TokenMergeWorkspace.Part part, int image, int tokens, int ranked) {
        int[] joined = groups.joined();
        int start = groups.start(image);
        for (int t = 0; t < tokens; t++) {
            joined[start + t] = 0;
        }
        for (int i = 0; i < ranked; i++) {
            int source = part.ranked()[i];
            joined[start + 2 * source] = -1 - (2 * part.nearest()[source] + 1); // a target's index is at least 1
        }
        int group = 0;
        for (int t = 0; t < tokens; t++) {
            if (joined[start + t] == 0) {
                joined[start + t] = group++;
            }
        }
        for (int t = 0; t < tokens; t++) {
            int target = joined[start + t];
            joined[start + t] = target < 0 ? joined[start - target - 1] : target;
        }
        groups.link(image, tokens);
    }
}
