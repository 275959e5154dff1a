package vit.kernels.verify.jqwik;

import net.jqwik.api.Arbitrary;
import net.jqwik.api.Provide;
import net.jqwik.api.domains.DomainContextBase;
import vit.kernels.verify.Layout;
import vit.kernels.verify.Values;

/**
 * The inputs with which kernels are tried, for {@code @Domain(KernelDomain.class)}: {@link Layout}, {@link Values}, {@link TensorSample} and seeds of type
 * {@code long}; see {@link KernelArbitraries}.
 */
public class KernelDomain extends DomainContextBase {

    /** Made by jqwik. */
    public KernelDomain() {}

    /** Layouts of matrices. */
    @Provide
    public Arbitrary<Layout> layouts() {
        return KernelArbitraries.layouts();
    }

    /** Classes of values. */
    @Provide
    public Arbitrary<Values> values() {
        return KernelArbitraries.values();
    }

    /** Matrices with values. */
    @Provide
    public Arbitrary<TensorSample> tensors() {
        return KernelArbitraries.tensors();
    }

    /** Seeds. */
    @Provide
    public Arbitrary<Long> seeds() {
        return KernelArbitraries.seeds();
    }
}
