package vit.model;

import java.util.Comparator;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import vit.kernels.gemm.RoundingError;
import vit.kernels.gemm.Storage;

/**
 * By how much a model's weights were rounded to be kept in fewer bits ({@link StoredAs#rounds}). It tells nothing about the results, which depend on the
 * images as well; {@code vit evaluate} and {@code vit compare} do. Immutable.
 *
 * @param weights every matrix that rounding changed, in the order of the model's parameters
 */
public record WeightRounding(List<Weight> weights) {

    /** Of a model whose weights are as they were. */
    static final WeightRounding NONE = new WeightRounding(List.of());

    public WeightRounding {
        weights = List.copyOf(weights);
    }

    /**
     * A matrix of which at least one element is not what it was.
     *
     * @param name    of the parameter
     * @param storage the type that it was rounded to
     * @param error   the differences to what it was before
     */
    public record Weight(String name, Storage storage, RoundingError error) {}

    /** Whether rounding changed no matrix: none was asked for, or all were of that type already. */
    public boolean isEmpty() {
        return weights.isEmpty();
    }

    /** The root mean square of all differences as a share of that of all weights in these matrices; 0 if there are none. */
    public double relative() {
        return weights.stream().map(Weight::error).reduce(RoundingError.NONE, RoundingError::plus).relative();
    }

    /** The matrix whose {@link RoundingError#relative} is largest. */
    public Optional<Weight> worst() {
        return weights.stream().max(Comparator.comparingDouble(weight -> weight.error.relative()));
    }

    /** In words, for example {@code 0.85 % (root mean square; 1.9 % in the worst matrix, blocks.0.attn.qkv.weight)}. */
    @Override
    public String toString() {
        return worst().map(worst -> String.format(Locale.ROOT, "%.2g %% (root mean square; %.2g %% in the worst matrix, %s)", 100 * relative(),
                100 * worst.error.relative(), worst.name)).orElse("none");
    }
}
