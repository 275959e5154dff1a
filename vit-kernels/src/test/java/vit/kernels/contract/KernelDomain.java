package vit.kernels.contract;

import net.jqwik.api.Arbitraries;
import net.jqwik.api.Arbitrary;
import net.jqwik.api.Combinators;
import net.jqwik.api.Provide;
import net.jqwik.api.RandomDistribution;
import net.jqwik.api.Tuple;
import net.jqwik.api.domains.DomainContextBase;
import vit.kernels.simd.Simd;
import vit.kernels.verify.Layout;
import vit.kernels.verify.Values;

/** The inputs with which kernels are tested: every length around the vector widths, offsets off alignment, rows with gaps. */
public class KernelDomain extends DomainContextBase {

    /**
     * Lengths 1 … 2·16 + 1 give every remainder at every vector width. The other lengths are a few blocks, and the widths of models and their
     * neighbours.
     */
    @Provide
    Arbitrary<Layout> layouts() {
        Arbitrary<Integer> columns = Arbitraries.frequencyOf(
                Tuple.of(6, Arbitraries.integers().between(1, 2 * Simd.VIRTUAL_LANES + 1).withDistribution(uniform())),
                Tuple.of(2, Arbitraries.integers().between(34, 130).withDistribution(uniform())),
                Tuple.of(1, Arbitraries.of(192, 197, 384, 767, 768, 773)));
        Arbitrary<Integer> rows = Arbitraries.integers().between(1, 9).withDistribution(uniform());
        Arbitrary<Integer> offsets = Arbitraries.integers().between(0, 15).withDistribution(uniform());
        Arbitrary<Integer> gaps = Arbitraries.integers().between(0, 17).withDistribution(uniform());
        return Combinators.combine(rows, columns, offsets, gaps).as(Layout::new).withoutEdgeCases();
    }

    private static RandomDistribution uniform() {
        return RandomDistribution.uniform();
    }

    @Provide
    Arbitrary<Values> values() {
        return Arbitraries.of(Values.MODERATE).withoutEdgeCases();
    }

    @Provide
    Arbitrary<Long> seeds() {
        return Arbitraries.longs().withoutEdgeCases();
    }
}
