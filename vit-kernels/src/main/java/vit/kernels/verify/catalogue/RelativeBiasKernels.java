package vit.kernels.verify.catalogue;

import java.util.List;
import vit.kernels.attention.BiasIndex;
import vit.kernels.attention.RelativeBias;
import vit.kernels.attention.RelativeBiasReference;
import vit.kernels.tensor.Tensor;

/** The relative position bias of attention: the table's entries for all pairs of tokens, and the gradient of the table. */
final class RelativeBiasKernels {

    private RelativeBiasKernels() {}

    static List<Kernel> all() {
        return List.of(new Kernel("relative bias", RelativeBiasKernels::gather), new Kernel("relative bias backward", RelativeBiasKernels::scatter));
    }

    private static BiasIndex index(Draw draw, int tokens, int entries) {
        return BiasIndex.of(draw.indices(tokens * tokens, entries), tokens, entries);
    }

    private static Call gather(Draw draw) {
        int tokens = draw.size(17, 1, 23);
        int heads = draw.size(2, 1, 5);
        int entries = draw.size(93, 1, 60);
        BiasIndex index = index(draw, tokens, entries);
        Tensor table = draw.tensor(draw.any(), entries, heads);
        Tensor bias = draw.tensor(heads * tokens, tokens);
        return Call.of(w -> RelativeBias.gather(bias, table, index, w)).output("bias", bias).truths(() -> {
            double[] expected = new double[heads * tokens * tokens];
            RelativeBiasReference.gather(expected, table.toDoubles(), index, heads, tokens);
            return List.of(Truth.exact(expected));
        });
    }

    /** A chain of additions for each entry, which the bound allows a rounding for each pair. */
    private static Call scatter(Draw draw) {
        int tokens = draw.size(17, 1, 23);
        int heads = draw.size(2, 1, 5);
        int entries = draw.size(93, 1, 60);
        BiasIndex index = index(draw, tokens, entries);
        Tensor dbias = draw.tensor(heads * tokens, tokens);
        Tensor dtable = draw.tensor(entries, heads);
        double[] before = dtable.toDoubles();
        return Call.of(w -> RelativeBias.scatter(dtable, dbias, index, w)).output("dtable", dtable).truths(() -> {
            double[] expected = before.clone();
            double[] sizes = Doubled.absolute(before);
            RelativeBiasReference.scatter(expected, dbias.toDoubles(), index, heads, tokens);
            RelativeBiasReference.scatter(sizes, Doubled.absolute(dbias.toDoubles()), index, heads, tokens);
            int[] terms = new int[entries];
            for (int ij = 0; ij < tokens * tokens; ij++) {
                terms[index.entry(ij)]++;
            }
            return List.of(Truth.within(expected, i -> Truth.gamma(terms[i / heads]) * sizes[i]));
        });
    }
}
